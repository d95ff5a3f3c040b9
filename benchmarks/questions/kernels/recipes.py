# %%
import statistics

import pandas as pd

# %%
recipes = {
    "lentil soup": {"minutes": 40, "serves": 4, "vegan": True,
                    "ingredients": {"lentils": 250, "carrot": 150, "onion": 100, "stock": 900}},
    "pancakes": {"minutes": 25, "serves": 3, "vegan": False,
                 "ingredients": {"flour": 200, "milk": 400, "egg": 110, "butter": 30}},
    "chili": {"minutes": 75, "serves": 6, "vegan": False,
              "ingredients": {"beef": 500, "beans": 400, "tomato": 400, "onion": 150, "chili powder": 8}},
    "hummus": {"minutes": 15, "serves": 6, "vegan": True,
               "ingredients": {"chickpeas": 400, "tahini": 80, "lemon": 60, "garlic": 6}},
    "omelette": {"minutes": 10, "serves": 1, "vegan": False, "ingredients": {"egg": 165, "butter": 15, "chives": 4}},
    "risotto": {"minutes": 45, "serves": 4, "vegan": False,
                "ingredients": {"rice": 320, "stock": 1000, "onion": 80, "butter": 50, "parmesan": 60}},
}

# %%
pantry = {"flour": 1000, "rice": 500, "onion": 300, "egg": 330, "butter": 250, "lentils": 0, "stock": 1500}
shopping = ["milk", "beef", "tomato", "milk", "lemon", "garlic", "tahini", "carrot"]
weekday_plan = [("Mon", "lentil soup"), ("Tue", "omelette"), ("Wed", "risotto"), ("Thu", "chili"), ("Fri", "pancakes")]
ratings = {"lentil soup": [4, 5, 3], "pancakes": [5, 5, 4, 5], "chili": [4, 2], "hummus": [5, 4, 4], "risotto": []}

# %%
nutrition = pd.DataFrame(
    {
        "ingredient": ["lentils", "carrot", "onion", "flour", "milk", "egg", "butter", "beef", "beans", "tomato",
                       "chickpeas", "tahini", "rice", "parmesan"],
        "kcal": [352, 41, 40, 364, 61, 143, 717, 250, 127, 18, 364, 595, 365, 431],
        "protein": [24.6, 0.9, 1.1, 10.3, 3.2, 12.6, 0.9, 26.0, 8.7, 0.9, 19.3, 17.0, 7.1, 38.5],
        "kind": ["legume", "vegetable", "vegetable", "grain", "dairy", "egg", "dairy", "meat", "legume", "vegetable",
                 "legume", "seed", "grain", "dairy"],
        "price_per_kg": [2.9, 1.2, 1.1, 0.9, 1.3, 4.2, 8.5, 13.9, 2.2, None, 3.1, 11.0, 2.4, 19.5],
    }
)


# %%
def per_portion(name):
    """Grams of each ingredient for one person."""
    recipe = recipes[name]
    return {item: grams / recipe["serves"] for item, grams in recipe["ingredients"].items()}


# %%
longest = max(recipes, key=lambda name: recipes[name]["minutes"])
typical_minutes = statistics.median(recipe["minutes"] for recipe in recipes.values())
portion = per_portion("risotto")
