# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(29)
size = 150
scale = ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"]
survey = pd.DataFrame(
    {
        "respondent": [f"R{number:03d}" for number in range(1, size + 1)],
        "gender": rng.choice(["female", "male", "diverse"], size, p=[0.52, 0.44, 0.04]),
        "age": rng.integers(18, 76, size),
        "country": rng.choice(["Germany", "France", "Spain", "Poland"], size, p=[0.4, 0.3, 0.2, 0.1]),
        "education": pd.Categorical(
            rng.choice(["school", "bachelor", "master", "phd"], size, p=[0.35, 0.35, 0.22, 0.08]),
            categories=["school", "bachelor", "master", "phd"],
            ordered=True,
        ),
        "easy_to_use": pd.Categorical(rng.choice(scale, size, p=[0.05, 0.1, 0.2, 0.4, 0.25]), scale, ordered=True),
        "recommend": pd.Categorical(rng.choice(scale, size, p=[0.1, 0.15, 0.2, 0.3, 0.25]), scale, ordered=True),
        "satisfaction": rng.integers(1, 11, size).astype(float),
        "subscribed": rng.random(size) < 0.37,
        "income": rng.normal(42000, 9000, size).round(-2),
    }
)
survey.loc[[3, 9, 27, 51, 77, 101, 120, 149], "income"] = np.nan
survey.loc[[8, 60], "satisfaction"] = np.nan

# %%
survey["age_group"] = pd.cut(survey["age"], [17, 29, 44, 59, 80], labels=["18-29", "30-44", "45-59", "60+"])

# %%
codes = {label: number for number, label in enumerate(scale, 1)}
survey["recommend_score"] = survey["recommend"].map(codes).astype(int)
