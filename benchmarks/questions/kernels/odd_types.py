# %%
from datetime import timedelta
from decimal import Decimal

import pandas as pd

# %%
shifts = pd.DataFrame(
    {
        "worker": ["Ida", "Jon", "ida", "Kim", "JON", "Lea", "Kim ", "Ida"],
        "start": pd.to_datetime(
            [
                "2024-01-08 08:00",
                "2024-01-08 09:30",
                "2024-01-09 08:15",
                "2024-01-09 22:00",
                "2024-01-10 07:00",
                "2024-01-10 12:00",
                "2024-01-11 06:00",
                "2024-01-13 10:00",
            ]
        ),
        "worked": pd.to_timedelta(["7h 30min", "8h", "6h 45min", "9h 15min", "4h", "7h", "10h 30min", "3h 20min"]),
        "pay": ["1,250.00", "980.50", "1,100", "n/a", "640.00", "2,015.75", "", "410"],
        "rate": [
            Decimal("18.50"),
            Decimal("17.25"),
            Decimal("18.50"),
            Decimal("21.00"),
            Decimal("17.25"),
            Decimal("19.75"),
            Decimal("21.00"),
            Decimal("18.50"),
        ],
        "code": ["007", "012", "007", "100", "012", "031", "100", "007"],
        "bonus": ["5%", "0%", "2.5%", "10%", "0%", "5%", "7.5%", "1%"],
    }
)

# %%
breaks = [timedelta(minutes=15), timedelta(minutes=45), timedelta(minutes=30)]
budget = Decimal("1999.99")
invoice = {"net": Decimal("840.34"), "tax": Decimal("159.66"), "due": pd.Timestamp("2024-02-29")}
