# %%
import numpy as np
import pandas as pd

rng = np.random.default_rng(7)

# %%
n = 140
room_types = ["single", "double", "suite", "family"]
rates = {"single": 79.0, "double": 115.0, "suite": 240.0, "family": 155.0}
TOURIST_TAX = 2.5

# %%
bookings = pd.DataFrame(
    {
        "booking_id": [f"B{number:04}" for number in range(1001, 1001 + n)],
        "guest": rng.choice(
            ["Adler", "Baker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Horvat", "Ivanova", "Jansen", "Kowalski",
             "Lindholm", "Moretti", "Novak", "O'Brien", "Petit", "Rossi", "Silva", "Tanaka", "Weber"], n
        ),
        "country": rng.choice(["Germany", "UK", "Italy", "France", "Japan", "Spain"], n, p=[0.3, 0.2, 0.15, 0.15, 0.08, 0.12]),
        "room_type": pd.Categorical(rng.choice(room_types, n, p=[0.25, 0.45, 0.1, 0.2]), categories=room_types),
        "channel": rng.choice(["website", "phone", "agency", "walk-in"], n, p=[0.5, 0.15, 0.3, 0.05]),
        "arrival": pd.Timestamp("2025-01-03") + pd.to_timedelta(np.sort(rng.integers(0, 200, n)), unit="D"),
        "nights": rng.choice([1, 2, 3, 4, 5, 7, 10], n, p=[0.22, 0.28, 0.2, 0.1, 0.08, 0.09, 0.03]),
        "adults": rng.choice([1, 2, 3, 4], n, p=[0.3, 0.5, 0.1, 0.1]),
    }
)
bookings["departure"] = bookings["arrival"] + pd.to_timedelta(bookings["nights"], unit="D")

# %%
season = np.where(bookings["arrival"].dt.month >= 5, 1.25, 1.0)
bookings["price"] = (bookings["room_type"].astype(str).map(rates) * bookings["nights"] * season * rng.uniform(0.85, 1.1, n)).round(2)
bookings["status"] = rng.choice(["completed", "cancelled", "no-show"], n, p=[0.82, 0.14, 0.04])
bookings["review"] = rng.choice([1, 2, 3, 4, 5, np.nan], n, p=[0.03, 0.06, 0.14, 0.32, 0.25, 0.2])
bookings.loc[bookings["status"] != "completed", "review"] = np.nan
bookings["special_request"] = rng.choice(["late check-in", "cot", "sea view", "vegan breakfast", None], n, p=[0.1, 0.06, 0.14, 0.05, 0.65])
bookings["special_request"] = bookings["special_request"].astype(object)

# %%
# Only stays that took place count for revenue.
stays = bookings[bookings["status"] == "completed"]
print("completed stays:", len(stays))
revenue_by_room = stays.groupby("room_type", observed=True)["price"].sum().sort_values(ascending=False)

# %%
monthly = stays.groupby(stays["arrival"].dt.to_period("M"))["price"].agg(["count", "sum"])
monthly


# %%
def total_with_tax(price, adults, nights):
    """What a guest pays at check-out, tourist tax included."""
    return round(price + TOURIST_TAX * adults * nights, 2)


# %%
bookings["to_pay"] = [total_with_tax(*row) for row in bookings[["price", "adults", "nights"]].itertuples(index=False)]
