# %%
from itertools import permutations

import numpy as np
import pandas as pd

# %%
clubs = ["Rovers", "United", "Wanderers", "Athletic", "Albion", "Villa"]
rng = np.random.default_rng(8)
pairs = list(permutations(clubs, 2))
rng.shuffle(pairs)
strength = dict(zip(clubs, [1.9, 1.4, 0.8, 1.5, 1.1, 1.2]))
matches = pd.DataFrame(
    {
        "matchday": np.repeat(np.arange(1, 11), 3),
        "home": [home for home, _ in pairs],
        "away": [away for _, away in pairs],
        "home_goals": [rng.poisson(strength[home] + 0.3) for home, _ in pairs],
        "away_goals": [rng.poisson(strength[away]) for _, away in pairs],
        "attendance": rng.integers(4_000, 31_000, len(pairs)),
    }
)

# %%
players = pd.DataFrame(
    {
        "player": ["Adebayo", "Brook", "Castro", "Doyle", "Eriksen", "Farrell", "Gomes", "Hart", "Ito", "Jansen",
                   "Keane", "Lopez", "Mensah", "Novak", "O'Neill", "Park", "Quinn", "Rossi"],
        "club": [club for club in clubs for _ in range(3)],
        "position": ["forward", "midfielder", "goalkeeper"] * 6,
        "age": [24, 29, 33, 21, 27, 36, 19, 31, 28, 23, 30, 25, 26, 22, 34, 20, 32, 35],
        "goals": [11, 4, 0, 9, 2, 0, 5, 3, 0, 7, 6, 1, 8, 1, 0, 10, 2, 0],
        "yellow_cards": [2, 5, 1, 0, 4, 0, 3, 7, 1, 2, 6, 0, 1, 3, 2, 4, 8, 1],
        "value_m": [14.5, 6.2, 3.1, 18.0, 9.4, 0.8, 12.3, 4.4, 5.0, 16.2, 5.7, 4.9, 10.1, 8.8, 1.2, 20.5, 3.3, 0.9],
    }
)

# %%
home_points = np.select(
    [matches["home_goals"] > matches["away_goals"], matches["home_goals"] == matches["away_goals"]], [3, 1], 0
)
away_points = np.select(
    [matches["away_goals"] > matches["home_goals"], matches["home_goals"] == matches["away_goals"]], [3, 1], 0
)
standings = (
    pd.concat(
        [
            pd.DataFrame({"club": matches["home"], "points": home_points, "scored": matches["home_goals"]}),
            pd.DataFrame({"club": matches["away"], "points": away_points, "scored": matches["away_goals"]}),
        ]
    )
    .groupby("club")[["points", "scored"]]
    .sum()
    .sort_values("points", ascending=False)
)

# %%
captains = {"Rovers": "Brook", "United": "Eriksen", "Wanderers": "Hart", "Athletic": "Keane", "Albion": "O'Neill"}
