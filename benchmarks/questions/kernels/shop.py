# %%
import pandas as pd

# %%
customers = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5, 6, 7, 8],
        "name": ["Ada Lind", "Bo Chen", "Cara Roth", "Dev Patel", "Eva Moreau", "Finn Olsen", "Gia Russo", "Hal Weber"],
        "city": ["Oslo", "Lyon", "Bern", "Lyon", "Oslo", "Oslo", "Rome", "Bern"],
        "signup": pd.to_datetime(
            [
                "2021-03-01",
                "2022-07-15",
                "2020-11-30",
                "2023-01-09",
                "2022-02-20",
                "2023-06-01",
                "2021-12-24",
                "2024-02-02",
            ]
        ),
        "email": ["ada@x.org", "bo@x.org", None, "dev@x.org", "eva@x.org", "finn@x.org", None, "hal@x.org"],
    }
)

# %%
orders = pd.DataFrame(
    {
        "order_id": range(101, 119),
        "customer_id": [1, 2, 1, 3, 4, 5, 5, 1, 2, 7, 6, 6, 4, 1, 3, 9, 5, 2],
        "product_id": [
            "P1",
            "P2",
            "P3",
            "P1",
            "P4",
            "P2",
            "P5",
            "P1",
            "P3",
            "P4",
            "P1",
            "P2",
            "P5",
            "P4",
            "P3",
            "P1",
            "P2",
            "P1",
        ],
        "quantity": [2, 1, 4, 1, 3, 2, 1, 5, 2, 1, 6, 1, 2, 1, 3, 1, 4, 2],
        "status": [
            "paid",
            "paid",
            "open",
            "paid",
            "paid",
            "returned",
            "paid",
            "paid",
            "open",
            "paid",
            "paid",
            "paid",
            "returned",
            "paid",
            "paid",
            "open",
            "paid",
            "paid",
        ],
        "ordered_on": pd.to_datetime(
            [
                "2024-01-04",
                "2024-01-09",
                "2024-01-22",
                "2024-02-01",
                "2024-02-03",
                "2024-02-14",
                "2024-02-28",
                "2024-03-03",
                "2024-03-05",
            ]
            + [
                "2024-03-18",
                "2024-03-21",
                "2024-04-02",
                "2024-04-11",
                "2024-04-12",
                "2024-04-30",
                "2024-05-02",
                "2024-05-17",
                "2024-05-23",
            ]
        ),
    }
)

# %%
products = pd.DataFrame(
    {
        "product_id": ["P1", "P2", "P3", "P4", "P5", "P6"],
        "title": ["notebook", "pen set", "backpack", "headphones", "desk lamp", "water bottle"],
        "category": ["paper", "paper", "travel", "electronics", "electronics", "travel"],
        "price": [4.5, 12.0, 59.9, 89.0, 34.5, 15.0],
        "stock": [120, 40, 12, 7, 0, 55],
    }
)
