# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(29)
count = 220
applications = pd.DataFrame(
    {
        "id": range(5001, 5001 + count),
        "year": rng.choice([2022, 2023, 2024], count, p=[0.25, 0.35, 0.4]),
        "month": rng.integers(1, 13, count),
        "role": rng.choice(["Data Analyst", "Backend Engineer", "Product Manager", "UX Designer"], count,
                           p=[0.35, 0.3, 0.15, 0.2]),
        "source": rng.choice(["referral", "LinkedIn", "job fair", "website"], count, p=[0.15, 0.45, 0.1, 0.3]),
        "stage": pd.Categorical(
            rng.choice(["applied", "screening", "interview", "offer", "hired"], count, p=[0.42, 0.25, 0.18, 0.06, 0.09]),
            categories=["applied", "screening", "interview", "offer", "hired"],
            ordered=True,
        ),
        "gender": rng.choice(["female", "male", "non-binary"], count, p=[0.46, 0.5, 0.04]),
        "experience_years": rng.poisson(5, count),
        "expected_salary": (rng.normal(58_000, 9_000, count) / 100).round() * 100,
        "remote": rng.choice(["yes", "no"], count, p=[0.6, 0.4]),
        "city": rng.choice(["Leeds", "Porto", "Graz", "Tartu"], count),
    }
)
applications.loc[rng.choice(count, 17, replace=False), "expected_salary"] = np.nan

# %%
openings = pd.DataFrame(
    {
        "role": ["Data Analyst", "Backend Engineer", "Product Manager", "UX Designer"],
        "seats": [6, 5, 2, 3],
        "budget": [62_000, 71_000, 75_000, 56_000],
    }
)

# %%
hired = applications[applications["stage"] == "hired"]
hire_rate = len(hired) / len(applications)

# %%
by_role = applications.groupby("role")["expected_salary"].mean().reset_index()
gap = by_role.merge(openings, on="roles")
