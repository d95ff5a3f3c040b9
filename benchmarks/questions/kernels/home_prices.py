# %%
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

# %%
rng = np.random.default_rng(2024)
n = 160
homes = pd.DataFrame(
    {
        "area": rng.normal(120, 35, n).round().clip(38, 260),
        "rooms": rng.integers(2, 9, n),
        "age": rng.integers(0, 95, n),
        "garden": rng.choice([0, 1], n, p=[0.4, 0.6]),
        "distance_km": rng.exponential(6, n).round(1),
        "town": rng.choice(["Ashford", "Brill", "Coldham", "Dunmore"], n, p=[0.4, 0.3, 0.2, 0.1]),
        "energy_class": rng.choice(["A", "B", "C", "D", "E"], n, p=[0.1, 0.2, 0.35, 0.25, 0.1]),
        "sold_on": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, n), unit="D"),
    }
)
homes["price"] = (
    60000 + 2100 * homes["area"] + 4000 * homes["rooms"] - 600 * homes["age"] + 18000 * homes["garden"]
    - 2500 * homes["distance_km"] + rng.normal(0, 25000, n)
).round(-2)
homes.loc[rng.choice(n, 7, replace=False), "energy_class"] = None

# %%
features = ["area", "rooms", "age", "garden", "distance_km"]
X = homes[features]
y = homes["price"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=3)

# %%
model = LinearRegression()
model.fit(X_train, y_train)

# %%
predictions = model.predict(X_test)
r2 = r2_score(y_test, predictions)
mae = mean_absolute_error(y_test, predictions)
print(f"R2 {r2:.3f}, MAE {mae:.0f}")

# %%
coefficients = pd.Series(model.coef_, index=features)
results = X_test.assign(actual=y_test, predicted=predictions)
results["error"] = results["predicted"] - results["actual"]

# %%
homes["price_per_m2"] = (homes["price"] / homes["area"]).round(2)
homes["size"] = pd.cut(homes["area"], [0, 90, 140, 300], labels=["small", "medium", "large"])
