# %%
import numpy as np
import pandas as pd

# %%
films = pd.DataFrame(
    [
        ("The Quiet Harbour", "drama", "France", 2011, 112, 7.9, 4.2, 18.5, "Moreau", "2011-10-07"),
        ("Night Train to Oslo", "thriller", "Norway", 2015, 98, 7.1, 6.0, 22.4, "Berg", "2015-02-13"),
        ("Paper Moons", "comedy", "United States", 2018, 94, 6.4, 12.0, 41.3, "Chen", "2018-07-20"),
        ("The Last Lighthouse", "drama", "Ireland", 2019, 121, 8.2, 5.5, 30.1, "Byrne", "2019-11-15"),
        ("Robot Summer", "animation", "Japan", 2016, 88, 7.6, 20.0, 95.7, "Sato", "2016-08-05"),
        ("Cold Border", "thriller", "Germany", 2013, 107, 6.8, 8.1, 15.9, "Vogel", "2013-03-22"),
        ("Dancing Alone", "documentary", "Brazil", 2020, 76, 7.4, 0.6, 1.8, "Alves", "2020-09-25"),
        ("The Quiet War", "war", "United States", 2014, 139, 7.0, 65.0, 180.2, "Hughes", "2014-12-19"),
        ("Lemon Street", "comedy", "France", 2017, 91, 6.9, 7.3, 25.6, "Moreau", "2017-05-12"),
        ("Deep Signal", "science fiction", "United States", 2021, 128, 7.7, 90.0, 310.4, "Chen", "2021-06-18"),
        ("Winter Bees", "documentary", "Norway", 2022, 81, 8.0, 0.9, 3.1, "Berg", "2022-01-28"),
        ("Two Left Shoes", "comedy", "Ireland", 2012, 99, 5.8, 3.4, 4.9, "Byrne", "2012-04-27"),
        ("The Glass Orchard", "drama", "Japan", 2021, 133, 8.4, 6.7, 28.8, "Sato", "2021-10-29"),
        ("Iron Valley", "war", "Germany", 2018, 145, 6.6, 30.5, 52.0, "Vogel", "2018-11-09"),
        ("Moonbase Nine", "science fiction", "United States", 2017, 117, 6.2, 75.0, 88.6, "Hughes", "2017-03-31"),
        ("Salt and Honey", "drama", "Brazil", 2016, 104, 7.3, 2.8, 9.7, "Alves", "2016-06-03"),
        ("Fox Weather", "animation", "France", 2022, 85, 7.8, 18.2, 71.5, "Lenoir", "2022-12-07"),
        ("Blue Corridor", "thriller", "United States", 2020, 101, 6.0, 22.0, 19.4, "Hughes", "2020-02-21"),
        ("Small Hours", "drama", "Norway", 2014, 109, 7.5, 3.9, None, "Berg", "2014-09-12"),
        ("Kite Season", "animation", "Brazil", 2019, 90, 7.2, None, 34.2, "Alves", "2019-07-05"),
        ("The Umbrella Club", "comedy", "Germany", 2015, 96, None, 5.1, 12.6, "Lenoir", "2015-10-30"),
        ("Harbour Lights", "drama", "Ireland", 2022, 118, 7.0, 9.2, None, "Byrne", "2022-03-18"),
    ],
    columns=["title", "genre", "country", "year", "minutes", "rating", "budget_m", "gross_m", "director", "released"],
)
films["released"] = pd.to_datetime(films["released"])

# %%
films["profit_m"] = films["gross_m"] - films["budget_m"]
films["decade"] = films["year"] // 10 * 10

# %%
awards = pd.DataFrame(
    {
        "title": ["The Last Lighthouse", "The Last Lighthouse", "Robot Summer", "Deep Signal", "Deep Signal",
                  "Deep Signal", "Winter Bees", "The Glass Orchard", "The Quiet Harbour"],
        "award": ["Best Picture", "Best Actor", "Best Animation", "Best Sound", "Best Effects", "Best Editing",
                  "Best Documentary", "Best Director", "Best Screenplay"],
        "won": [True, False, True, True, True, False, True, False, True],
    }
)

# %%
best = films.sort_values("rating", ascending=False).head(5)
genre_rating = films.groupby("genre")["rating"].mean()


# %%
def label(rating):
    """A word for a rating out of ten."""
    if np.isnan(rating):
        return "unrated"
    return "great" if rating >= 7.5 else "fine" if rating >= 6.5 else "weak"


films["verdict"] = films["rating"].map(label)
