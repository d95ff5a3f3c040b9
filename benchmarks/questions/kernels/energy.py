# %%
from datetime import date

import numpy as np
import polars as pl

# %%
rng = np.random.default_rng(23)
days = pl.date_range(date(2024, 1, 1), date(2024, 3, 31), interval="1d", eager=True)
meters = pl.DataFrame(
    {
        "meter": ["M1", "M2", "M3", "M4"],
        "site": ["bakery", "school", "office", "bakery"],
        "floor_area": [180, 2400, 950, 220],
        "solar": [False, True, True, False],
    }
)
base = {"M1": 95.0, "M2": 240.0, "M3": 130.0, "M4": 110.0}
readings = pl.concat(
    [
        pl.DataFrame(
            {
                "day": days,
                "meter": [meter] * len(days),
                "kwh": (kwh + 15 * np.cos(np.arange(len(days)) / 30) + rng.normal(0, 12, len(days))).round(1),
                "peak_kw": (kwh / 9 + rng.normal(0, 1.5, len(days))).round(2),
            }
        )
        for meter, kwh in base.items()
    ]
).with_columns(
    temperature=pl.Series(np.tile((3 + np.arange(len(days)) / 12 + rng.normal(0, 2.5, len(days))).round(1), 4)),
)
faulty = rng.choice(len(readings), 9, replace=False)
readings = readings.with_columns(
    kwh=pl.when(pl.int_range(pl.len()).is_in(faulty.tolist())).then(None).otherwise(pl.col("kwh"))
)

# %%
tariff = {"day": 0.31, "night": 0.19, "standing_charge": 12.5}
hourly_load = np.array(
    [3.1, 2.8, 2.7, 2.6, 2.9, 4.5, 7.2, 9.8, 11.4, 12.0, 12.3, 12.1, 11.7, 11.9, 11.2, 10.4, 9.1, 8.0, 6.9, 5.8, 5.0, 4.3, 3.8, 3.4]
)
week = np.round(rng.normal(100, 20, (7, 24)), 1)

# %%
per_meter = readings.group_by("meter").agg(pl.col("kwh").sum()).sort("meter")
