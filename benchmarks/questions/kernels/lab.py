# %%
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

# %%
rng = np.random.default_rng(67)
size = 96
samples = pd.DataFrame(
    {
        "sample": [f"S{number:02}" for number in range(1, size + 1)],
        "batch": np.repeat(["A", "B", "C", "D"], size // 4),
        "operator": rng.choice(["Mira", "Otto", "Pia"], size),
        "measured_at": pd.Timestamp("2024-05-06 08:00") + pd.to_timedelta(np.sort(rng.integers(0, 14_000, size)), unit="min"),
        "temp_c": rng.normal(37, 2, size).round(1),
        "ph": rng.normal(7.1, 0.35, size).round(2),
        "stirring_rpm": rng.choice([200, 300, 400], size),
    }
)
samples["yield_pct"] = (
    40 + 4 * (samples["temp_c"] - 37) + 9 * (samples["ph"] - 7) + 0.03 * samples["stirring_rpm"] + rng.normal(0, 3, size)
).round(2)
samples.loc[rng.choice(size, 8, replace=False), "ph"] = np.nan
samples.loc[rng.choice(size, 5, replace=False), "yield_pct"] = np.nan
samples["comment"] = rng.choice(["", "bubbles", "cloudy", "repeat"], size, p=[0.7, 0.1, 0.15, 0.05])

# %%
complete = samples.dropna()
X = complete[["temp_c", "ph", "stirring_rpm"]]
y = complete["yield_pct"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=3)

# %%
model = LinearRegression().fit(X_train, y_train)
forest = RandomForestRegressor(n_estimators=40, max_depth=5, random_state=0).fit(X_train, y_train)
predicted = model.predict(X_test)
score = r2_score(y_test, predicted)

# %%
absorbance = np.array([0.02, 0.11, 0.19, 0.32, 0.41, 0.52, 0.60, 0.69])
concentration = np.arange(8) * 0.5
slope, intercept = np.polyfit(concentration, absorbance, 1)
plate = np.round(rng.normal(1.2, 0.3, (4, 6)), 2)
plate[2, 3] = np.nan
