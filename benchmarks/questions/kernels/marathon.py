# %%
import numpy as np
import pandas as pd

rng = np.random.default_rng(42195)

# %%
n = 120
runners = pd.DataFrame(
    {
        "bib": rng.permutation(np.arange(1, n + 1)),
        "sex": rng.choice(["F", "M"], n, p=[0.42, 0.58]),
        "age": rng.integers(18, 74, n),
        "country": rng.choice(["GER", "KEN", "ETH", "USA", "FRA", "GBR", "ITA", "JPN"], n, p=[0.34, 0.06, 0.05, 0.1, 0.15, 0.12, 0.1, 0.08]),
        "club": rng.choice(["Road Runners", "City Harriers", "Trail Foxes", "Lauftreff 07", None], n, p=[0.2, 0.2, 0.15, 0.2, 0.25]),
        "wave": rng.choice(["A", "B", "C", "D"], n, p=[0.15, 0.3, 0.35, 0.2]),
    }
)

# %%
first = ["Alex", "Bea", "Cem", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jo", "Kai", "Lia"]
last = ["Abel", "Brandt", "Costa", "Duval", "Ekwall", "Frey", "Gallo", "Hirsch", "Ito", "Jensen"]
names = [f"{given} {family}" for given in first for family in last]
runners.insert(1, "name", rng.permutation(names))

# %%
base = 205 + (runners["age"] - 32).abs() * 0.9 + np.where(runners["sex"] == "F", 18, 0)
base = base - np.where(runners["country"].isin(["KEN", "ETH"]), 55, 0)
total = (base + rng.normal(0, 22, n)).clip(lower=126)
share = rng.uniform(0.46, 0.5, n)
runners["half_min"] = (total * share).round(2)
runners["finish_min"] = total.round(2)
gone = rng.choice(n, 11, replace=False)
runners.loc[gone, "finish_min"] = np.nan
runners.loc[gone[:4], "half_min"] = np.nan

# %%
runners["second_half_min"] = runners["finish_min"] - runners["half_min"]
runners["pace_min_km"] = (runners["finish_min"] / 42.195).round(2)
runners["age_group"] = pd.cut(runners["age"], [17, 29, 39, 49, 59, 100], labels=["18-29", "30-39", "40-49", "50-59", "60+"])
runners["rank"] = runners["finish_min"].rank(method="min")

# %%
finishers = runners.dropna(subset=["finish_min"]).sort_values("finish_min")
podium = finishers.head(3)[["name", "country", "finish_min"]]
podium

# %%
winners = {
    2021: {"men": ("Kiprono", "2:09:12"), "women": ("Abera", "2:27:40")},
    2022: {"men": ("Tadesse", "2:08:55"), "women": ("Chebet", "2:25:03")},
    2023: {"men": ("Kiprono", "2:07:31"), "women": ("Abera", "2:24:48")},
    2024: {"men": ("Suzuki", "2:10:20"), "women": ("Keller", "2:29:15")},
}
entry_fee = {"early": 60, "regular": 80, "late": 110}


# %%
def as_clock(minutes):
    """Minutes as h:mm:ss."""
    if pd.isna(minutes):
        return "DNF"
    seconds = round(minutes * 60)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


runners["clock"] = runners["finish_min"].map(as_clock)
