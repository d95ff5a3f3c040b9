# %%
import numpy as np
import pandas as pd

# %%
index = pd.date_range("2024-06-01", periods=24 * 45, freq="h", name="timestamp")
hours = np.arange(len(index))
rng = np.random.default_rng(3)
readings = pd.DataFrame(
    {
        "temperature": 18 + 6 * np.sin(hours / 24 * 2 * np.pi) + hours * 0.004 + rng.normal(0, 0.8, len(index)),
        "humidity": 60 - 12 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(0, 3, len(index)),
        "pressure": 1013 + np.cumsum(rng.normal(0, 0.15, len(index))),
        "station": np.where(hours % 3 == 0, "roof", np.where(hours % 3 == 1, "garden", "cellar")),
    },
    index=index,
).round(2)
readings.iloc[100:112, 0] = np.nan
readings.iloc[500:505, 1] = np.nan
readings.iloc[700, 0] = 99.9

# %%
daily = readings[["temperature", "humidity", "pressure"]].resample("D").mean()

# %%
limits = {"temperature": (10, 30), "humidity": (30, 80)}
