# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(99)
n = 150
categories = ["billing", "login", "bug", "delivery", "other"]
subjects = {
    "billing": ["Invoice is wrong", "Charged twice", "Refund please", "Question about my invoice"],
    "login": ["Cannot log in", "Password reset mail never arrives", "Locked out of account"],
    "bug": ["App crashes on start", "Export button does nothing", "Crash when uploading photo", "Wrong totals in report"],
    "delivery": ["Parcel not arrived", "Wrong item delivered", "Parcel damaged"],
    "other": ["Feature request", "Thank you!", "How do I change my address?"],
}
category = rng.choice(categories, n, p=[0.28, 0.22, 0.2, 0.2, 0.1])

# %%
tickets = pd.DataFrame(
    {
        "ticket": np.arange(7001, 7001 + n),
        "created": pd.Timestamp("2025-09-01 08:00") + pd.to_timedelta(np.sort(rng.integers(0, 42 * 24 * 60, n)), unit="min"),
        "category": category,
        "subject": [rng.choice(subjects[name]) for name in category],
        "priority": rng.choice(["low", "normal", "high", "urgent"], n, p=[0.2, 0.5, 0.22, 0.08]),
        "agent": rng.choice(["Nina", "Oscar", "Pia", "Ravi", "Selma", None], n, p=[0.22, 0.2, 0.2, 0.17, 0.15, 0.06]),
        "customer": rng.choice(["Acme", "Bluebird", "Cobalt", "Delphi", "Evergreen", "Foxtrot", "Gridline", "Halcyon"], n),
        "first_reply_min": rng.lognormal(3.8, 0.9, n).round(),
        "messages": rng.poisson(3, n) + 1,
    }
)
tickets["priority"] = pd.Categorical(tickets["priority"], ["low", "normal", "high", "urgent"], ordered=True)

# %%
hours = rng.lognormal(2.9, 0.8, n)
tickets["closed"] = (tickets["created"] + pd.to_timedelta(hours * 60, unit="min")).dt.floor("min")
tickets.loc[rng.choice(n, 17, replace=False), "closed"] = pd.NaT
tickets.loc[rng.choice(n, 8, replace=False), "first_reply_min"] = np.nan
tickets["satisfaction"] = np.where(rng.random(n) < 0.45, np.nan, rng.integers(1, 6, n))

# %%
tickets["time_to_close"] = tickets["closed"] - tickets["created"]
tickets["open"] = tickets["closed"].isna()

# %%
sla = {"low": 480, "normal": 240, "high": 60, "urgent": 15}
tickets["sla_min"] = tickets["priority"].astype(str).map(sla)
tickets["late"] = tickets["first_reply_min"] > tickets["sla_min"]

# %%
workload = tickets.pivot_table(index="agent", columns="category", values="ticket", aggfunc="count", fill_value=0)
workload

# %%
per_week = tickets.set_index("created").resample("W")["ticket"].count()
