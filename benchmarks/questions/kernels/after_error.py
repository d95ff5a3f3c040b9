# %%
import pandas as pd

# %%
staff = pd.DataFrame(
    {
        "name": ["Rosa", "Sam", "Tilo", "Uma", "Vera"],
        "departement": ["IT", "HR", "IT", "Sales", "HR"],
        "salary": [5200, 4100, 4800, 3900, 4350],
        "hired": pd.to_datetime(["2015-04-01", "2019-09-15", "2018-01-02", "2022-06-30", "2020-03-03"]),
    }
)


# %%
def raise_pay(frame, factor):
    """Multiply the salaries by a factor."""
    ratio = factor / 100
    return frame["salery"] * (1 + ratio)


# %%
average = staff["salary"].mean()

# %%
raised = raise_pay(staff, 5)
