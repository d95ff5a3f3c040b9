# %%
import pandas as pd

# %%
countries = ["Austria", "Belgium", "Croatia", "Denmark"]
years = [2010, 2012, 2014, 2016, 2018]
index = pd.MultiIndex.from_product([countries, years], names=["country", "year"])
population = pd.DataFrame(
    {
        "people": [8.36, 8.43, 8.54, 8.74, 8.84, 10.92, 11.11, 11.21, 11.33, 11.43]
        + [4.30, 4.27, 4.24, 4.17, 4.09, 5.55, 5.59, 5.64, 5.73, 5.79],
        "gdp": [392.3, 409.4, 442.6, 395.8, 455.2, 481.4, 496.2, 535.4, 476.1, 543.3]
        + [60.4, 57.2, 58.3, 52.4, 62.3, 322.0, 327.1, 353.0, 313.1, 356.8],
        "unemployment": [
            4.8,
            4.9,
            5.6,
            6.0,
            4.9,
            8.3,
            7.6,
            8.5,
            7.8,
            6.0,
            11.6,
            15.9,
            17.3,
            13.1,
            8.4,
            7.7,
            7.8,
            6.9,
            6.0,
            5.1,
        ],
    },
    index=index,
)

# %%
wide = population["people"].unstack("year")
capitals = pd.Series(
    {"Austria": "Vienna", "Belgium": "Brussels", "Croatia": "Zagreb", "Denmark": "Copenhagen"}, name="capital"
)
