# %%
import numpy as np
import pandas as pd

# %%
books = pd.DataFrame(
    {
        "book_id": range(101, 117),
        "title": ["Dune", "Emma", "Persuasion", "Middlemarch", "Ulysses", "Walden", "Beloved", "Atonement",
                  "The Waves", "Cosmos", "Silent Spring", "The Hobbit", "Ivanhoe", "Sapiens", "Solaris", "Orlando"],
        "author": ["Frank Herbert", "Jane Austen", "Jane Austen", "George Eliot", "James Joyce", "Henry Thoreau",
                   "Toni Morrison", "Ian McEwan", "Virginia Woolf", "Carl Sagan", "Rachel Carson", "J. R. R. Tolkien",
                   "Walter Scott", "Yuval Harari", "Stanislaw Lem", "Virginia Woolf"],
        "genre": ["science fiction", "novel", "novel", "novel", "novel", "essay", "novel", "novel",
                  "novel", "popular science", "popular science", "fantasy", "novel", "popular science",
                  "science fiction", "novel"],
        "published": [1965, 1815, 1817, 1871, 1922, 1854, 1987, 2001, 1931, 1980, 1962, 1937, 1819, 2011, 1961, 1928],
        "pages": [612, 474, 249, 880, 730, 352, 324, 351, 224, 365, 378, 310, 544, 443, 204, 336],
        "copies": [4, 3, 2, 1, 2, 1, 3, 2, 1, 3, 2, 6, 1, 5, 2, 1],
    }
)

# %%
members = pd.DataFrame(
    {
        "member_id": range(1, 13),
        "name": ["Aisha", "Boris", "Clara", "Dmitri", "Elif", "Fred", "Greta", "Hugo", "Ines", "Jonas", "Kim", "Lotte"],
        "age": [34, 61, 17, 45, 29, 70, 12, 38, 23, 52, 41, 15],
        "branch": ["Central", "Harbour", "Central", "Hill", "Harbour", "Central",
                   "Hill", "Central", "Harbour", "Central", "Hill", "Central"],
        "joined": pd.to_datetime(
            ["2019-03-11", "2015-09-02", "2022-01-20", "2018-06-30", "2021-11-05", "2012-02-14",
             "2023-05-08", "2020-10-19", "2022-08-01", "2016-04-25", "2019-12-12", "2023-09-17"]
        ),
    }
)

# %%
rng = np.random.default_rng(41)
rows = 140
loans = pd.DataFrame(
    {
        "loan_id": range(1, rows + 1),
        "book_id": rng.choice(books["book_id"], rows, p=rng.dirichlet(np.full(len(books), 2.5))),
        "member_id": rng.choice(members["member_id"], rows, p=rng.dirichlet(np.full(len(members), 3.0))),
        "borrowed": pd.Timestamp("2024-01-02") + pd.to_timedelta(np.sort(rng.integers(0, 180, rows)), unit="D"),
    }
)
days = rng.integers(3, 40, rows)
loans["returned"] = (loans["borrowed"] + pd.to_timedelta(days, unit="D")).mask(rng.random(rows) < 0.12)
loans["fine"] = np.where(days > 28, (days - 28) * 0.25, 0.0)
loans.loc[loans["returned"].isna(), "fine"] = np.nan

# %%
opening_hours = {"Central": "9-20", "Harbour": "10-18", "Hill": "13-18"}
