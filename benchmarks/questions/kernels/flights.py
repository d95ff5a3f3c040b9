# %%
from datetime import date, timedelta

import polars as pl

# %%
carriers = ["LH", "AF", "IB", "KL", "SK"]
airports = ["FRA", "CDG", "MAD", "AMS", "ARN", "LIS"]
flights = pl.DataFrame(
    {
        "flight": [f"{carriers[i * 7 % 5]}{100 + i}" for i in range(120)],
        "carrier": [carriers[i * 7 % 5] for i in range(120)],
        "origin": [airports[i * 5 % 6] for i in range(120)],
        "destination": [airports[(i * i + 3 + i // 7) % 6] for i in range(120)],
        "day": [date(2024, 3, 1) + timedelta(days=i // 4) for i in range(120)],
        "delay": [None if i % 17 == 4 else (i * 37 + i * i * 3) % 91 - 12 for i in range(120)],
        "distance": [300 + (i * 131) % 1700 for i in range(120)],
        "passengers": [60 + (i * 53) % 127 for i in range(120)],
        "cancelled": [i % 23 == 7 for i in range(120)],
    }
)

# %%
fares = pl.LazyFrame(
    {
        "carrier": ["LH", "AF", "IB", "KL", "SK", "LH", "AF", "IB", "KL", "SK"],
        "cabin": ["economy"] * 5 + ["business"] * 5,
        "fare": [129.0, 119.5, 89.0, 134.0, 99.0, 480.0, 455.0, 390.0, 510.0, 420.0],
    }
)

# %%
names = {"LH": "Lufthansa", "AF": "Air France", "IB": "Iberia", "KL": "KLM", "SK": "SAS"}
