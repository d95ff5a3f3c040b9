# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(80)
people = 60
columns = {
    "id": np.arange(1, people + 1),
    "site": rng.choice(["Kiel", "Bonn", "Jena"], people),
    "sex": rng.choice(["f", "m"], people),
}
columns |= {f"gene_{number:02d}": rng.normal(number / 10, 1, people).round(3) for number in range(1, 41)}
columns |= {
    f"lab_{name}": rng.gamma(3, 2, people).round(2)
    for name in ("glucose", "sodium", "crp", "iron", "zinc", "ldl", "hdl")
}
columns |= {f"visit{number}_weight": (70 + rng.normal(0, 8, people)).round(1) for number in range(1, 11)}
columns |= {f"flag_{letter}": rng.random(people) < 0.2 for letter in "abcdefghijklmnopqr"}
columns |= {"outcome": rng.choice(["better", "same", "worse"], people), "note": ["ok"] * people}
cohort = pd.DataFrame(columns)

# %%
cohort.loc[rng.choice(people, 9, replace=False), "lab_crp"] = np.nan
cohort.loc[rng.choice(people, 25, replace=False), "lab_zinc"] = np.nan
cohort.loc[[4, 40], "gene_07"] = np.nan
