# %%
import polars as pl

# %%
wines = pl.DataFrame(
    {
        "wine": [
            "Colline Rosse", "Val d'Oro", "Schieferberg", "Domaine Lune", "Quinta Velha", "Monte Claro", "Chateau Mirelle",
            "Rebhang", "Tinto Sur", "Cloud Ridge", "Stone Creek", "Alte Reben", "Bodega Norte", "Les Vignes", "Poggio Alto",
            "Silver Fern", "Casa Azul", "Clos du Vent", "Terra Nera", "Kaiserstuhl", "Black Gum", "Valle Frio",
        ],
        "country": [
            "Italy", "Italy", "Germany", "France", "Portugal", "Spain", "France", "Germany", "Argentina", "New Zealand",
            "Australia", "Germany", "Spain", "France", "Italy", "New Zealand", "Chile", "France", "Italy", "Germany",
            "Australia", "Chile",
        ],
        "colour": [
            "red", "white", "white", "white", "red", "red", "red", "white", "red", "white", "red", "white", "red", "rose", "red",
            "white", "red", "white", "red", "red", "red", "white",
        ],
        "grape": [
            "Sangiovese", "Vermentino", "Riesling", "Chardonnay", "Touriga Nacional", "Tempranillo", "Merlot", "Silvaner", "Malbec",
            "Sauvignon Blanc", "Shiraz", "Riesling", "Tempranillo", "Grenache", "Sangiovese", "Sauvignon Blanc", "Carmenere",
            "Chenin Blanc", "Nero d'Avola", "Pinot Noir", "Shiraz", "Sauvignon Blanc",
        ],
        "vintage": [
            2018, 2022, 2021, 2020, 2016, 2017, 2015, 2022, 2020, 2023, 2019, 2020, 2014, 2023, 2016, 2022, 2019, 2021, 2020,
            2018, 2017, 2023,
        ],
        "alcohol": [
            13.5, 12.5, 11.0, 13.0, 14.5, 14.0, 13.5, 12.0, 14.0, 12.5, 14.5, 11.5, 13.5, None, 14.0, 13.0, 13.5, 12.5, 14.0,
            13.0, 15.0, 12.0,
        ],
        "price": [
            18.9, 12.5, 14.0, 27.5, 22.0, 11.9, 48.0, 8.5, 13.2, 16.8, 19.5, 24.0, 15.4, 9.9, 36.0, 14.9, 10.5, 17.2, 12.8, 21.0,
            26.5, 9.2,
        ],
        "points": [
            91, 87, 90, 93, 92, 86, 95, None, 88, 89, 90, 94, 89, 84, 93, None, 87, 90, 88, 91, 92, 85,
        ],
        "stock": [34, 60, 25, 12, 18, 72, 6, 80, 45, 30, 22, 15, 0, 96, 9, 41, 110, 27, 50, 20, 14, 0],
    }
)

# %%
tastings = pl.DataFrame(
    {
        "wine": [
            "Colline Rosse", "Domaine Lune", "Chateau Mirelle", "Schieferberg", "Alte Reben", "Colline Rosse", "Poggio Alto",
            "Stone Creek", "Black Gum", "Val d'Oro", "Domaine Lune", "Cloud Ridge", "Tinto Sur", "Chateau Mirelle", "Les Vignes",
            "Quinta Velha", "Alte Reben", "Kaiserstuhl", "Old Friend",
        ],
        "taster": [
            "Paula", "Paula", "Rene", "Rene", "Paula", "Tom", "Tom", "Rene", "Tom", "Paula", "Rene", "Tom", "Paula", "Paula",
            "Tom", "Rene", "Tom", "Paula", "Rene",
        ],
        "score": [8.5, 9.0, 9.5, 7.5, 9.0, 7.0, 9.0, 8.0, 8.5, 6.5, 8.0, 7.5, 7.0, 9.0, 5.5, 8.5, 8.5, None, 6.0],
        "date": [
            "2025-02-03", "2025-02-03", "2025-02-03", "2025-02-10", "2025-02-10", "2025-02-17", "2025-02-17", "2025-02-24",
            "2025-02-24", "2025-03-03", "2025-03-03", "2025-03-10", "2025-03-10", "2025-03-17", "2025-03-17", "2025-03-24",
            "2025-03-24", "2025-03-31", "2025-03-31",
        ],
    }
).with_columns(pl.col("date").str.to_date())

# %%
wines = wines.with_columns(
    (pl.col("price") * pl.col("stock")).alias("stock_value"),
    pl.when(pl.col("price") < 12).then(pl.lit("budget")).when(pl.col("price") < 22).then(pl.lit("mid")).otherwise(pl.lit("premium")).alias("tier"),
)

# %%
by_country = wines.group_by("country").agg(pl.len().alias("wines"), pl.col("price").mean().alias("mean_price")).sort("country")
by_country
