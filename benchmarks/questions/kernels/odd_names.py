# %%
import pandas as pd

# %%
t = pd.DataFrame(
    {
        "a": [5, 3, 9, 1, 7, 3],
        "row": [1, 1, 2, 2, 3, 3],
        "cell": ["x1", "x2", "y1", "y2", "z1", "z2"],
        "time": [12.5, 8.0, 9.75, 30.0, 4.25, 11.0],
        "year": [2019, 2020, 2020, 2021, 2021, 2021],
        "count": [10, 0, 4, 6, 2, 8],
        "max": [1.0, 2.0, 3.0, 4.0, 5.0, 6.5],
        "Total Price (EUR)": [100.0, 250.0, 80.0, 40.0, 310.0, 95.0],
        "is ok?": [True, False, True, True, False, True],
    }
)

# %%
twice = pd.DataFrame([[1, 10, "p"], [2, 20, "q"], [3, 60, "p"]], columns=["value", "value", "group"])
plot = pd.DataFrame(
    {"sum": [1, 2, 3], "mean": [4.0, 5.0, 9.0], 2023: [7, 8, 6], 2024: [9, 9, 12]}, index=["u", "v", "w"]
)
