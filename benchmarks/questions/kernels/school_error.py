# %%
import pandas as pd

# %%
pupils = pd.DataFrame(
    {
        "pupil_id": range(1, 29),
        "first_name": [
            "Amelie", "Ben", "Chloe", "David", "Emma", "Finn", "Grace", "Henry", "Ida", "Jack", "Klara", "Leo", "Mia", "Noah",
            "Olivia", "Paul", "Romy", "Sam", "Tess", "Uwe", "Vicky", "Will", "Yara", "Zoe", "Anton", "Bella", "Carl", "Dora",
        ],
        "form": ["7a", "7b", "7a", "7c", "7b", "7a", "7c", "7b", "7a", "7c", "7b", "7a", "7c", "7b"] * 2,
        "born": pd.date_range("2011-09-04", periods=28, freq="17D"),
        "travel": [
            "bus", "walk", "bike", "bus", "car", "walk", "bus", "bike", None, "bus", "walk", "bus", "car", "bike", "bus", "walk",
            "walk", "bus", "car", None, "bus", "bike", "walk", "bus", "bus", "car", "bike", "walk",
        ],
    }
)

# %%
marks = pd.DataFrame(
    {
        "pupil_id": sorted([*range(1, 29)] * 3),
        "subject": ["maths", "english", "biology"] * 28,
        "mark": [
            78, 85, 90, 55, 61, None, 92, 88, 95, 47, 52, 60, 71, 80, 66, 83, 79, 81, 64, 70, 58, 90, 93, 87, 39, 58, 51, 75, 69,
            73, 88, 91, 84, 62, None, 67, 95, 89, 98, 70, 74, 77, 58, 65, 49, 81, 86, 79, 66, 60, 72, 44, 63, 55, 87, 82, 91, 73,
            78, 70, None, 57, 62, 69, 71, 75, 93, 97, 88, 77, 72, 80, 50, 45, 59, 85, 90, 83, 61, 68, 64, 79, 84, 76,
        ],
    }
)

# %%
absences = pd.DataFrame(
    {
        "pupil_id": [2, 4, 4, 9, 9, 9, 12, 15, 18, 18, 21, 25, 25, 25, 27],
        "date": pd.to_datetime(
            ["2025-01-13", "2025-01-14", "2025-02-03", "2025-01-20", "2025-01-21", "2025-03-05", "2025-02-17", "2025-02-18",
             "2025-01-30", "2025-03-12", "2025-02-24", "2025-01-09", "2025-02-10", "2025-03-19", "2025-03-20"]
        ),
        "reason": ["ill", "ill", "dentist", "ill", "ill", None, "family", "ill", "ill", "ill", "dentist", None, "ill", "ill", "family"],
        "excused": [True, True, True, True, True, False, True, True, True, False, True, False, True, True, True],
    }
)

# %%
PASS_MARK = 60
overall = marks.groupby("pupil_id")["mark"].mean().round(1)
pupils["average"] = pupils["pupil_id"].map(overall)
pupils["passed"] = pupils["average"] >= PASS_MARK

# %%
wide_marks = marks.pivot(index="pupil_id", columns="subject", values="mark")

# %%
report = pupils.merge(wide_marks, left_on="pupil", right_index=True)
report.groupby("form")[["maths", "english", "biology"]].mean()
