# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(17)
n = 180
visits = pd.DataFrame(
    {
        "patient": [f"P{number:03}" for number in rng.integers(1, 71, n)],
        "date": pd.Timestamp("2023-01-02") + pd.to_timedelta(np.sort(rng.integers(0, 364, n)), unit="D"),
        "department": rng.choice(["Cardiology", "Dermatology", "Orthopedics", "Pediatrics"], n, p=[0.3, 0.2, 0.35, 0.15]),
        "sex": rng.choice(["F", "M"], n, p=[0.55, 0.45]),
        "age": rng.integers(3, 90, n),
        "wait_minutes": rng.gamma(3, 9, n).round(),
        "systolic": rng.normal(128, 16, n).round(),
        "cost": rng.gamma(4, 45, n).round(2),
        "insurance": rng.choice(["public", "private", "none"], n, p=[0.7, 0.22, 0.08]),
        "no_show": rng.random(n) < 0.13,
    }
)
visits["triage"] = pd.Categorical(
    rng.choice(["low", "medium", "high"], n, p=[0.5, 0.35, 0.15]), categories=["low", "medium", "high"], ordered=True
)
visits.loc[visits["no_show"], ["wait_minutes", "systolic"]] = np.nan
visits.loc[rng.choice(n, 14, replace=False), "systolic"] = np.nan

# %%
doctors = pd.DataFrame(
    {
        "doctor": ["Dr. Okafor", "Dr. Lindqvist", "Dr. Moreau", "Dr. Tanaka", "Dr. Weiss", "Dr. Nowak"],
        "department": ["Cardiology", "Cardiology", "Dermatology", "Orthopedics", "Orthopedics", "Pediatrics"],
        "room": ["A12", "A14", "B03", "C21", "C22", "D01"],
        "years": [22, 9, 14, 31, 5, 12],
    }
)

# %%
BUSY_LIMIT = 45
adults = visits[visits["age"] >= 18]


# %%
def body_mass_index(weight, height):
    """Weight in kilograms over the square of the height in metres."""
    return weight / height**2
