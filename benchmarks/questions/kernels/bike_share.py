# %%
import numpy as np
import pandas as pd

# %%
stations = pd.DataFrame(
    {
        "station_id": ["S01", "S02", "S03", "S04", "S05", "S06", "S07", "S08", "S09", "S10"],
        "station": [
            "Central Station", "Old Market", "University", "River Park", "Castle Hill",
            "Harbour", "Stadium", "City Hall", "Botanic Garden", "North Gate",
        ],
        "district": ["Centre", "Centre", "West", "South", "Centre", "South", "East", "Centre", "West", "North"],
        "docks": [40, 24, 32, 18, 12, 28, 36, 20, 14, 16],
        "opened": pd.to_datetime(
            ["2019-04-01", "2019-04-01", "2019-09-15", "2020-05-20", "2021-03-10",
             "2020-05-20", "2022-08-01", "2019-04-01", "2023-04-17", "2024-06-03"]
        ),
        "has_charger": [True, False, True, False, False, True, True, False, False, False],
    }
)

# %%
members = pd.DataFrame(
    {
        "member_id": range(501, 526),
        "name": [
            "Ada", "Boris", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kim", "Lotte", "Mateo",
            "Nadia", "Olek", "Priya", "Quentin", "Rosa", "Sven", "Tilda", "Umar", "Vera", "Wim", "Xenia", "Yusuf",
        ],
        "plan": [
            "annual", "annual", "monthly", "student", "annual", "monthly", "student", "annual", "day", "monthly", "student",
            "annual", "monthly", "annual", "day", "student", "annual", "monthly", "annual", "student", "monthly", "annual",
            "day", "monthly", "annual",
        ],
        "birth_year": [
            1984, 1990, 1978, 2003, None, 1995, 2001, 1969, 1988, None, 2004, 1992, 1981,
            1975, 1999, 2002, 1964, 1987, 1993, 2000, 1996, 1971, 1985, 1998, 1979,
        ],
        "joined": pd.date_range("2024-01-09", periods=25, freq="13D"),
    }
)

# %%
rng = np.random.default_rng(41)
n = 180
start = pd.Timestamp("2025-05-01") + pd.to_timedelta(np.sort(rng.integers(0, 61 * 24 * 60, n)), unit="min")
trips = pd.DataFrame(
    {
        "trip_id": np.arange(1, n + 1),
        "member_id": rng.choice(members["member_id"].to_numpy()[:23], n),
        "bike": rng.choice(["classic", "electric", "cargo"], n, p=[0.55, 0.35, 0.1]),
        "from_station": rng.choice(stations["station_id"].to_numpy()[:9], n),
        "to_station": rng.choice(stations["station_id"].to_numpy()[:9], n),
        "started": start,
        "minutes": np.round(rng.gamma(3.0, 6.0, n) + 2, 1),
    }
)
trips["distance_km"] = np.round(trips["minutes"] * rng.uniform(0.12, 0.27, n), 2)
trips["fee"] = np.where(trips["bike"] == "classic", 1.0, 1.5) + np.round(np.maximum(trips["minutes"] - 20, 0) * 0.15, 2)
trips.loc[rng.choice(n, 9, replace=False), "distance_km"] = np.nan
trips.loc[rng.choice(n, 6, replace=False), "to_station"] = None

# %%
trips["speed_kmh"] = (trips["distance_km"] / (trips["minutes"] / 60)).round(1)
trips.head()


# %%
def is_rush_hour(moment):
    """Whether a trip began in the morning or evening rush."""
    return moment.weekday() < 5 and moment.hour in (7, 8, 16, 17, 18)


trips["rush"] = trips["started"].map(is_rush_hour)

# %%
by_district = trips.merge(stations, left_on="from_station", right_on="station_id").groupby("district")["fee"].sum()
by_district
