# %%
import numpy as np
import pandas as pd

# %%
rng = np.random.default_rng(11)
n = 240
sales = pd.DataFrame(
    {
        "order_id": np.arange(10001, 10001 + n),
        "date": pd.date_range("2023-01-03", periods=n, freq="3D"),
        "region": rng.choice(["North", "South", "East", "West"], n, p=[0.4, 0.3, 0.2, 0.1]),
        "product": rng.choice(["desk", "chair", "lamp", "shelf", "sofa"], n),
        "customer": rng.choice(["Ahlers", "Brandt", "Cohen", "Dupont", "Eriksen", "Farah", "Gomez"], n),
        "channel": rng.choice(["web", "store", "phone"], n, p=[0.6, 0.3, 0.1]),
        "quantity": rng.integers(1, 9, n),
        "unit_price": rng.choice([49.0, 79.5, 120.0, 249.0, 599.0], n),
        "discount": rng.choice([0.0, 0.05, 0.1, 0.2], n),
    }
)
sales.loc[[5, 17, 44, 90, 133, 201, 222], "discount"] = np.nan
sales.loc[[12, 88, 140], "customer"] = None

# %%
sales["revenue"] = (sales["quantity"] * sales["unit_price"] * (1 - sales["discount"].fillna(0))).round(2)
sales.head()

# %%
targets = {"North": 60000, "South": 55000, "East": 30000, "West": 20000}
vat_rate = 0.19

# %%
sales.groupby("region")["revenue"].sum()
