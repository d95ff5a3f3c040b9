# %%
import re

import pandas as pd

# %%
log = """2024-05-01 08:00:01 INFO server started on port 8080
2024-05-01 08:00:07 INFO user anna logged in
2024-05-01 08:03:12 WARNING disk usage at 81%
2024-05-01 08:05:44 ERROR timeout after 30s calling billing
2024-05-01 08:09:00 INFO user ben logged in
2024-05-01 08:15:31 ERROR connection refused by search
2024-05-01 08:20:02 INFO user anna logged out
2024-05-01 09:01:00 WARNING disk usage at 88%
2024-05-01 09:30:15 ERROR timeout after 30s calling billing
2024-05-01 10:00:00 INFO backup finished
2024-05-01 10:12:45 DEBUG cache miss for key 77
2024-05-01 11:45:09 INFO user carl logged in"""
lines = log.split("\n")

# %%
pattern = re.compile(r"(\S+ \S+) (\w+) (.*)")
events = pd.DataFrame([pattern.match(line).groups() for line in lines], columns=["when", "level", "message"])
events["when"] = pd.to_datetime(events["when"])

# %%
title = "The quick brown fox jumps over the lazy dog"
words = title.lower().split()
reviews = pd.Series(
    [
        "Great phone, love it",
        "battery is bad",
        "Bad screen. Very bad.",
        "ok for the price",
        "GREAT camera",
        "would not buy again",
        "",
    ],
    name="review",
)
