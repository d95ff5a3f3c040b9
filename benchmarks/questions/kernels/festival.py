# %%
import numpy as np

# %%
festival = {
    "name": "Lakeside Sounds",
    "year": 2025,
    "dates": {"start": "2025-07-18", "end": "2025-07-20"},
    "location": {"city": "Konstanz", "country": "Germany", "coordinates": [47.66, 9.175]},
    "tickets": {
        "day": {"price": 65, "sold": 4120, "available": 5000},
        "weekend": {"price": 149, "sold": 8730, "available": 9000},
        "vip": {"price": 320, "sold": 260, "available": 300},
        "camping": {"price": 45, "sold": 3150, "available": 3200},
    },
    "sponsors": ["Seebraeu", "Radio Bodan", "Stadtwerke"],
    "contact": {"email": "info@lakeside-sounds.example", "phone": None},
}

# %%
stages = [
    {
        "name": "Main",
        "capacity": 12000,
        "covered": False,
        "acts": [
            {"band": "The Paper Kites Club", "day": "Friday", "start": "20:00", "minutes": 75, "fee": 42000, "genre": "indie"},
            {"band": "Nordlicht", "day": "Friday", "start": "22:00", "minutes": 90, "fee": 65000, "genre": "electronic"},
            {"band": "Marble Arch", "day": "Saturday", "start": "21:30", "minutes": 100, "fee": 88000, "genre": "rock"},
            {"band": "Las Olas", "day": "Sunday", "start": "19:00", "minutes": 60, "fee": 30000, "genre": "latin"},
            {"band": "Gina Fey", "day": "Sunday", "start": "21:00", "minutes": 90, "fee": 95000, "genre": "pop"},
        ],
    },
    {
        "name": "Lake",
        "capacity": 3500,
        "covered": False,
        "acts": [
            {"band": "Tin Whistle", "day": "Friday", "start": "17:00", "minutes": 45, "fee": 3500, "genre": "folk"},
            {"band": "Brass Monkeys", "day": "Saturday", "start": "16:30", "minutes": 60, "fee": 7000, "genre": "jazz"},
            {"band": "Anouk & Sons", "day": "Saturday", "start": "18:30", "minutes": 60, "fee": 9000, "genre": "folk"},
            {"band": "Velvet Static", "day": "Sunday", "start": "17:00", "minutes": 50, "fee": 6000, "genre": "indie"},
        ],
    },
    {
        "name": "Tent",
        "capacity": 1200,
        "covered": True,
        "acts": [
            {"band": "DJ Kora", "day": "Friday", "start": "23:30", "minutes": 120, "fee": 5000, "genre": "electronic"},
            {"band": "Pocket Rockets", "day": "Saturday", "start": "14:00", "minutes": 40, "fee": 1200, "genre": "rock"},
            {"band": "Mild Thunder", "day": "Sunday", "start": "15:00", "minutes": 45, "fee": 1800, "genre": "indie"},
        ],
    },
]

# %%
crew = {
    "security": ["Marek", "Ilse", "Tarik", "Bob"],
    "sound": ["Jutta", "Emil"],
    "lights": ["Sofia"],
    "first aid": ["Dr. Wong", "Lena", "Piet"],
    "catering": [],
}

# %%
rng = np.random.default_rng(12)
# Visitors per hour from 12:00 on, a row for each day.
visitors = rng.poisson(lam=np.linspace(800, 6000, 12), size=(3, 12))
visitors[2, 9:] = visitors[2, 9:] // 2
temperatures = np.round(rng.normal(24, 4, size=(3, 12)), 1)
temperatures[1, 4] = np.nan
rain_mm = np.array([0.0, 3.2, 0.4])
days = ["Friday", "Saturday", "Sunday"]

# %%
daily_total = visitors.sum(axis=1)
print(dict(zip(days, daily_total.tolist())))


# %%
def ticket_income(tickets):
    """The money that all sold tickets bring."""
    return sum(kind["price"] * kind["sold"] for kind in tickets.values())


income = ticket_income(festival["tickets"])
costs = {"acts": sum(act["fee"] for stage in stages for act in stage["acts"]), "staff": 210000, "rent": 95000.0, "power": 38500.5}

# %%
weights = np.eye(3) * [0.5, 0.3, 0.2]
sound_levels = np.array([88, 94, 101, 97, 103, 99, 92, 85, 104, 96], dtype=np.int16)
queue = [4, 7, 12, 9, 15, 22, 18, 11, 6]
