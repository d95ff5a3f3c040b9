"""Everyday words and short shapes: what each question comes to, computed here, and what must still be declined."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jupyter_agent.models.offline.markdown import figure
from tests.support.offline_session import OfflineSession, new_shell

SHOPS = """
import numpy as np
import pandas as pd
import polars as pl
orders = pd.DataFrame({
    'order_id': range(1, 9),
    'shop': ['Ulm', 'Bonn', 'Ulm', 'Kiel', 'Bonn', 'Ulm', 'Kiel', 'Bonn'],
    'buyer': ['Ann', 'Bob', 'Ann', 'Cid', 'Dee', 'Bob', 'Ann', 'Cid'],
    'gender': ['w', 'm', 'w', 'm', 'w', 'm', 'w', 'm'],
    'amount': [10.0, 20.0, 30.0, 5.0, None, 12.0, 8.0, 40.0],
    'weight': [1, 2, 3, 4, 5, 6, 7, 9],
    'express': [True, False, True, True, False, False, True, False],
})
staff = pd.DataFrame({'employee': ['Ida', 'Jon', 'Ida'], 'desk_no': [4, 5, 6]})
buses = pl.DataFrame({
    'line': ['A', 'A', 'B', 'B', 'C'],
    'depot': ['Mill', 'Quay', 'Mill', 'Hill', 'Quay'],
    'delay': [4, 2, 9, None, 1],
    'fare': [2.0, 2.5, 3.0, 1.5, 4.0],
    'trip_time': [30, 45, 20, 60, 10],
})
votes = np.array([4, 11, 7, 30, 2])
jars = ['plum', 'fig', 'plum', 'quince']
spot = (6, 8, 0)
motto = 'The slow grey crab walks past the old grey stone'
words = motto.lower().split()
shades = np.array(['teal', 'ochre', 'teal', 'grey', 'teal'])
levels = [4.0, 2.5, 4.0]
remarks = pd.Series(['nice view', '', 'too loud at night', 'ok'], name='remark')
tours = [{'id': 't1', 'km': 12.5}, {'id': 't2', 'km': 8.0}, {'id': 't3', 'km': 20.0}]
"""
VISITS = """
from datetime import date, timedelta
import pandas as pd
import polars as pl
visits = pd.DataFrame({
    'visit_no': range(1, 9),
    'land': ['Norway', 'Italy', 'Norway', 'Greece', 'Italy', 'Norway', 'Greece', 'Italy'],
    'sex': list('fmffmmfm'),
    'arrived': pd.to_datetime(['2023-02-03 09:15', '2023-03-11 23:40', '2023-03-20 07:05', '2023-06-02 13:30',
                               '2023-08-14 21:10', '2023-08-14 10:45', '2023-10-30 16:20', '2024-01-05 05:50']),
    'nap': pd.to_timedelta(['1h', '2h 30min', '45min', '3h', '1h 15min', '2h', '30min', None]),
})
rides = pl.DataFrame({
    'ride_no': ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'],
    'track': ['NS', 'OW'] * 3,
    'order_date': [date(2024, 5, 1) + timedelta(days=20 * place) for place in range(6)],
    'lag': [5, 1, None, 7, 9, 20],
    'took': [timedelta(minutes=minutes) for minutes in (20, 45, 70, 100, 5, 30)],
})
pauses = [timedelta(minutes=20), timedelta(minutes=25)]
albums = pd.DataFrame({'album': list('ABCA'), 'plays': [5, 6, 2, 4]})
"""
ANIMALS = """
import pandas as pd
import polars as pl
animals = pd.DataFrame({
    'animal_no': range(1, 7),
    'species': ['lynx', 'otter', 'lynx', 'heron', 'otter', 'tapir'],
    'house': ['forest', 'pond', 'forest', 'pond', 'pond', 'jungle'],
    'weight': [21.5, 9.2, 19.0, 1.8, 8.7, 210.0],
    'keeper': ['Noor', 'Piet', 'Noor', 'Quin', 'Piet', 'Siri'],
    'phone': ['555-1', None, '555-3', None, None, '555-9'],
    'from_land': ['Greece', 'Italy', 'Greece', 'Netherlands', 'Germany', 'Italy'],
    'ok': ['yes', 'no', 'yes', 'no', 'yes', 'no'],
    'sex': ['f', 'm', 'f', 'm', 'f', 'm'],
})
trains = pl.DataFrame({
    'train': [1, 2, 3, 4],
    'country': ['DE', 'FR', 'NO', 'DE'],
    'fare': [2.0, 3.0, 4.0, 5.0],
    'route': ['A', 'B', 'A', 'C'],
    'night': ['no', 'yes', 'no', 'no'],
})
tolls = pl.LazyFrame({'road': ['NS', 'OW', 'RB', 'NS'], 'toll': [10.0, 12.0, 9.0, 4.0]})
"""
LOANS = """
import numpy as np
import pandas as pd
import polars as pl
loans = pd.DataFrame({
    'loan_no': range(1, 9),
    'sex': list('fmffmmfm'),
    'branch': ['hill', 'dock', 'hill', 'dock', 'hill', 'dock', 'dock', 'hill'],
    'smoker': [0, 1, 0, 1, 1, 0, 0, 1],
    'insured': [True, False, True, True, True, False, True, True],
    'risk': [3, 7, 2, 1, 6, 9, 2, 4],
    'fee': [80.0, 95.5, 80.0, 120.0, None, 80.0, 120.0, 95.5],
})
journeys = pl.DataFrame({
    'journey': ['T1', 'T2', 'T3', 'T4'],
    'harbour': ['KIL', 'OSL', 'OSL', 'RIG'],
    'to': ['OSL', 'KIL', 'OSL', 'KIL'],
    'wait': [3, 18, 33, 48],
})
marks = np.array([4, 11, 7, 30, 2])
"""
CALLS = """
from datetime import date, timedelta
import pandas as pd
import polars as pl
names = ['Ana Sá', 'Bo Ek', 'Cy Orr', 'Di Fox', 'Ed Roy', 'Flo Kay', 'Gil Ash', 'Hal Poe', 'Ike Ray', 'Jo Lee', 'Kit Marlowe',
         'Lía Núñez', 'The Duke', 'Ned Oak']
agents = pd.DataFrame({
    'agent': names,
    'age': [25, 31, 64, 47, 52, 38, 29, 61, 44, 33, 57, 41, 23, 36],
    'role': ['clerk', 'boss'] * 7,
    'years_of_service': [1, 4, 30, 12, 22, 9, 3, 28, 14, 6, 25, 11, 2, 8],
    'value_eur': [100, 250, 180, 90, 300, 120, 60, 210, 75, 140, 330, 95, 40, 160],
})
calls = pd.DataFrame({
    'call_id': range(1, 41),
    'agent': (names * 3)[:40],
    'start': [pd.Timestamp('2024-03-01') + pd.Timedelta(days=day) for day in range(40)],
    'hold_minutes': [float(place % 9) for place in range(40)],
    'no_answer': [place % 5 == 0 for place in range(40)],
    'status': ['called', 'closed', 'open', 'closed'] * 10,
    'cost': [float(place) for place in range(40)],
})
calls.loc[3, 'hold_minutes'] = None
tanks = pl.DataFrame({
    'day': [date(2024, 1, 1) + timedelta(days=day) for day in range(60)],
    'tank': ['T1', 'T2'] * 30,
    'litres': [float(place) for place in range(60)],
    'depth': [float(60 - place) for place in range(60)],
})
"""
MODELS = """
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score
from sklearn.model_selection import train_test_split
rng = np.random.default_rng(3)
X = pd.DataFrame({'depth': rng.normal(5, 1, 120), 'ph': rng.normal(6, .5, 120)})
y = (X.depth + rng.normal(0, 1, 120) > 5).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
logit = LogisticRegression().fit(X_train, y_train)
forest = RandomForestClassifier(n_estimators=10, random_state=0).fit(X_train, y_train)
three = LogisticRegression(max_iter=1000).fit(X_train, np.digitize(X_train.ph, [5.7, 6.3]))
"""
#: What is asked, the last of some turns, and what is in the reply; what stands in braces is computed from the data.
ANSWERED: dict[str, list[tuple[str, str]]] = {
    "what was spent is a sum": [
        ("how much did women spend", "**{orders[orders.gender == 'w'].amount.sum()}**"),
        ("how much did ann pay on average", "**{orders[orders.buyer == 'Ann'].amount.mean()}**"),
        ("how much does each gender spend", "| `m` | {orders[orders.gender == 'm'].amount.sum()} |"),
        ("average spend by gender", "| `w` | {orders[orders.gender == 'w'].amount.mean()} |"),
        ("how much did depot mill spend", "**{buses.filter(pl.col('depot') == 'Mill')['fare'].sum()}**"),
        ("rename amount to spent", "renamed: `amount` to `spent`"),
    ],
    "and in short": [
        ("relation of amount n weight", "**{orders.amount.corr(orders.weight)}**"),
        ("crosstab of shop x gender", "pd.crosstab(orders['shop'], orders['gender'])"),
        ("cross table shop x express", "pd.crosstab(orders['shop'], orders['express'])"),
        ("how many women n men", "**8** of 8"),
        ("pivot of line x depot", "buses.pivot('depot', index='line'"),
        ("rename amount to n", "renamed: `amount` to `n`"),
    ],
    "adjectives": [
        ("least punctual line", "**`B`** has the highest mean of `delay`: **9**"),
        ("most punctual line", "**`C`** has the lowest mean of `delay`: **1**"),
        ("mean delay per line, most punctual first", "| `C` | 1 |\n| `A` | 3 |"),
        ("longest trip in buses", "| `B` | `Hill` | 60 |"),
        ("shortest trip in buses", "| `C` | `Quay` | 10 |"),
    ],
    "gaps and people listed twice": [
        ("any missing vals in amount", "**1 missing value**"),
        ("how many missing vals in buses", "**1 missing value**"),
        ("missing vals of orders", "**1 missing value**"),
        ("is anybody listed twice in staff", "Yes: **{staff.employee.duplicated().sum()}** of 3 rows"),
        ("does anyone appear twice in staff", "in `employee`"),
    ],
    "places and orders of values": [
        ("position of the biggest vote", "**{votes.argmax()}**"),
        ("index of the smallest vote", "**{votes.argmin()}**"),
        ("where is the max of votes", "**{votes.argmax()}**"),
        ("jars in alphabetical order", "{sorted(jars)}"),
        ("second component of spot", "**{spot[1]}**"),
        ("last coordinate of spot", "**{spot[-1]}**"),
        ("total km over all of the tours", "**{sum(tour['km'] for tour in tours)}**"),
        ("mean km across tours", "**{sum(tour['km'] for tour in tours) / 3}**"),
        ("tours over 10 km", "{[tour['id'] for tour in tours if tour['km'] > 10]}"),
    ],
    "once more": [
        ("how many women || once more", "**4** of 8"),
        ("mean fare of buses || and now?", "**{buses['fare'].mean()}**"),
        ("mean amount || by shop || again", "| `Bonn` | 30 |"),
        ("max of votes || and again", "**30**"),
        ("position of the biggest vote || now", "**3**"),
    ],
    "occurrences": [
        ("number of teal shades", "**{(shades == 'teal').sum()}**"),
        ("how many times does plum occur in jars", "**{jars.count('plum')}**"),
        ("count plum in jars", "**{jars.count('plum')}**"),
        ("how many plums in jars", "**{jars.count('plum')}**"),
        ("how often does dog occur in jars", "are `dog`, whatever the case: **0**"),
        ("is there a fig in jars", "True"),
        ("how often is 4 in votes", "**{(votes == 4).sum()}**"),
        ("how often is 4 in levels", "**{levels.count(4)}**"),
        ("how frequent is grey in motto", "**{words.count('grey')}**"),
        ("does the motto mention crab", "True"),
        ("is there a remark about noise", "False"),
        ("how many remarks mention night", "**{remarks.str.contains('night').sum()}**"),
        ("how many remarks contain 'oud'", "**{remarks.str.contains('oud').sum()}**"),
        ("which remarks mention view", "| 0 | `nice view` |"),
        ("how many jars are there", "**{len(jars)} items**"),
    ],
    "words and lengths": [
        ("distinct words of motto", "{list(dict.fromkeys(words))}"),
        ("how many distinct words in motto", "**{len(set(words))}**"),
        ("how many words in motto", "**{len(words)}**"),
        ("longest remark", "too loud at night"),
        ("shortest remark", "\n''\n"),
        ("median length of remarks", "**{remarks.str.len().median()}**"),
        ("average length of the remarks", "**{remarks.str.len().mean()}**"),
        ("how often does each shade occur", "'teal': 3"),
    ],
    "days and months": [
        ("date of the latest visit", "2024-01-05 05:50"),
        ("number of months with visits", "**{visits.arrived.dt.to_period('M').nunique()}**"),
        ("on how many days were there visits", "**{visits.arrived.dt.date.nunique()}**"),
        (
            "on how many days was there a visit in norway",
            "**{visits[visits.land == 'Norway'].arrived.dt.date.nunique()}**",
        ),
        ("in how many months were there rides", "**{rides['order_date'].dt.truncate('1mo').n_unique()}**"),
        ("which weekdays have arrivals", "| `Friday` | {(visits.arrived.dt.day_name() == 'Friday').sum()} |"),
        ("which months had rides", "| `2024-05-01` | 2 |"),
        ("from which day to which day do the visits go", "**`{visits.arrived.min()}`**"),
        ("first and last arrived date", "**`{visits.arrived.max()}`**"),
        ("last day in norway", "**`{visits[visits.land == 'Norway'].arrived.max()}`**"),
        ("newest arrival day", "**`{visits.arrived.max()}`**"),
        ("last order date", "**`{rides['order_date'].max()}`**"),
    ],
    "durations": [
        ("naps of more than 90 minutes", "**{(visits.nap > '90min').sum()} rows**"),
        ("naps under 90 minutes", "**{(visits.nap < '90min').sum()} rows**"),
        ("how many visits with a nap over 1 hour", "**{(visits.nap > '1h').sum()}** of 8"),
        ("rides longer than 45 minutes", "**{rides.filter(pl.col('took') > timedelta(minutes=45)).height} rows**"),
        (
            "average nap in minutes by land",
            "| `Norway` | {visits[visits.land == 'Norway'].nap.mean().total_seconds() / 60} |",
        ),
        ("total nap in hours", "**{visits.nap.sum().total_seconds() / 3600}**"),
        (
            "mean took in minutes by track",
            "| `NS` | {rides.filter(pl.col('track') == 'NS')['took'].dt.total_minutes().mean()} |",
        ),
        ("longest nap", "**`{visits.nap.max()}`**"),
        ("longest ride", "| `R4` | `1h 40m` |"),
        ("sum of pauses", "seconds=2700)"),
        ("mean of pauses", "seconds=1350)"),
    ],
    "people and things of a country": [
        ("mean weight of greek animals", "**{animals[animals.from_land == 'Greece'].weight.mean()}**"),
        ("average weight of italians", "**{animals[animals.from_land == 'Italy'].weight.mean()}**"),
        ("greek females", "where `from_land` is `Greece` and `sex` is `f`"),
        ("dutch animals", "**1 row**"),
        ("mean fare of german trains", "**{trains.filter(pl.col('country') == 'DE')['fare'].mean()}**"),
        ("how many norwegian trains", "where `country` is `NO`: **1** of 4"),
        ("weight of greek animals by house || and italian ones", "| `pond` | 9.2 |"),
    ],
    "its and their": [
        ("lightest animal and its house", "| `pond` | `heron` | {animals.weight.min()} |"),
        ("highest fare and its route", "| `C` | `DE` | 5 |"),
        ("heaviest animal and its keeper and phone", "`Siri` | `555-9` | 210 |"),
        ("animals without their phone", "**{animals.phone.isna().sum()} rows**"),
        ("how many did not give a phone", "**{animals.phone.isna().sum()}** of 6"),
        ("mean weight by species || lightest animal and its house", "| `pond` | `heron` |"),
        ("animals from the pond || their weight", "**3 rows**: `weight` of"),
    ],
    "lazy frames": [
        ("mean toll per road || now the maximum", "| `NS` | 10 |"),
        ("mean toll by road in tolls || and the minimum", "| `NS` | 4 |"),
        ("mean toll by road in tolls || only NS", "| `NS` | 7 |"),
        ("column names of tolls", "`tolls` has **2 columns**"),
        ("dtypes of tolls", "| `toll` | `Float64` |"),
        ("first rows of tolls", "| `NS` | 10 |"),
    ],
    "small shapes": [
        ("mean fee of smoker loans", "**{loans[loans.smoker == 1].fee.mean()}**"),
        ("smoker loans", "**{loans.smoker.sum()} rows**"),
        ("share of men insured", "**{loans[loans.sex == 'm'].insured.sum()}** of 4"),
        ("which share of men smokes", "**{loans[loans.sex == 'm'].smoker.sum()}** of 4"),
        ("loans with the highest risk that is below 9", "| `m` | `dock` | 7 |"),
        ("loans with the lowest risk that is not 1", "| `f` | `hill` | 2 |\n| `f` | `dock` | 2 |"),
        ("lowest 2 of marks", "{np.sort(marks)[:2].tolist()}"),
        ("top 3 marks", "[30, 11,  7]"),
        ("sex in rows and branch in columns", "pd.crosstab(loans['sex'], loans['branch'])"),
        ("branch in columns and sex in rows", "pd.crosstab(loans['sex'], loans['branch'])"),
        ("sex as rows, branch as columns, mean fee", "pivot_table(index='sex', columns='branch', values='fee'"),
        ("how many uniqe branches", "I take it as `unique`"),
        ("averge fee by branch", "| `hill` | {loans[loans.branch == 'hill'].fee.mean()} |"),
    ],
    "from and to": [
        ("journeys to kil", "**2 rows**"),
        ("journeys from osl", "where `harbour` is `OSL`"),
        ("journeys to kil from osl", "where `to` is `KIL` and `harbour` is `OSL`"),
        ("journeys from osl to kil", "where `harbour` is `OSL` and `to` is `KIL`"),
        ("max wait from osl", "**{journeys.filter(pl.col('harbour') == 'OSL')['wait'].max()}**"),
    ],
    "several models and metrics": [
        ("accuracy and f1 of forest", "**{f1_score(y_test, forest.predict(X_test))}**"),
        ("accuracy and f1 of forest", "**{forest.score(X_test, y_test)}**"),
        ("precision and recall of logit", "**{precision_score(y_test, logit.predict(X_test))}**"),
        ("true negatives of forest", "**{((y_test == 0) & (forest.predict(X_test) == 0)).sum()}**"),
        ("false alarms of logit", "**{((y_test == 0) & (logit.predict(X_test) == 1)).sum()}**"),
        ("how many false negatives", "**{((y_test == 1) & (logit.predict(X_test) == 0)).sum()}**"),
        ("size of the test set", "**{len(X_test)}**"),
        ("confusion matrices of all models", "of `three` on `X_test`"),
        ("coefficients", "The coefficients of `three`"),
    ],
    "up to four tables": [
        ("gaps in all tables", "`orders` has **1 missing value** in 1 column:"),
        ("gaps in all tables", "`staff` has **no missing values**."),
        ("size of each table", "`buses` has **5 rows** and **5 columns**."),
        ("how many rows per table", "`staff` has **3 rows** and **2 columns**."),
        ("top rows of every table", "The first 3 rows of `staff`:"),
        ("dtypes of buses and orders", "Types of the **5 columns** of `buses`:"),
        ("preview || how about staff", "The first 3 rows of `staff`:"),
    ],
    "values that inspection leaves out": [
        ("age of kit marlowe", "| {agents.age[10]} |"),
        ("how old is Lia Nunez", "| {agents.age[11]} |"),
        ("role of the duke", "| `{agents.role[12]}` |"),
        ("how many calls did Núñez take", "**{(calls.agent == 'Lía Núñez').sum()}**"),
        ("how many years of service has ned oak", "| {agents.years_of_service[13]} |"),
    ],
    "the most of what is counted": [
        ("which album has the most plays", "**`A`** has the highest sum of `plays`: **9**"),
        ("plays per album", "| `A` | 9 |"),
        ("average plays per album", "| `B` | 6 |"),
    ],
    "days of the week": [
        ("how many calls on mondays", "**{(calls.start.dt.day_of_week == 0).sum()}**"),
        ("mean cost of calls on the weekend", "**{calls[calls.start.dt.day_of_week >= 5].cost.mean()}**"),
        ("calls per status on fridays", "where `start` is on a Friday"),
        (
            "total litres on sundays or tuesdays",
            "**{tanks.filter(pl.col('day').dt.weekday().is_in([2, 7]))['litres'].sum()}**",
        ),
    ],
    "names that begin like an article": [
        ("how many no answers per status", "where `no_answer` is `True`"),
        ("how many of the calls were no answers", "**{calls.no_answer.sum()}**"),
        ("drop the no answers from calls", "**{(~calls.no_answer).sum()} of 40 rows** stay"),
        ("drop the no_answer column", "without `no_answer`"),
    ],
    "people are compared by their age": [
        ("who is over 60", "where `age` > `60`"),
        ("how many clerks are under 40", "**{((agents.role == 'clerk') & (agents.age < 40)).sum()}**"),
        ("agents with value over 200 eur", "`value_eur` > `200`"),
    ],
    "a sum or a mean, where both may be meant": [
        (
            "litres per month",
            "| {tanks.filter(pl.col('day').dt.month() == 1)['litres'].sum()} | {tanks.filter(pl.col('day').dt.month() == 1)['litres'].mean()} |",
        ),
        ("mean litres per month", "Mean of `litres` by month"),
        (
            "mean and median of cost by status in calls",
            "| `open` | {calls[calls.status == 'open'].cost.mean()} | {calls[calls.status == 'open'].cost.median()} |",
        ),
        ("mean and max of litres by tank", "| `T2` | {tanks.filter(pl.col('tank') == 'T2')['litres'].mean()} | 59 |"),
    ],
    "small words of tables": [
        ("how many calls are called", "**10** of 40"),
        ("how many callls are open", "**10** of 40"),
        ("how many hold readings are missing", "**1** of 40"),
        ("average number of hold minutes by status", "Mean of `hold_minutes`"),
        ("what kinds of status are there", "`called`, `closed`, `open`"),
        ("which agents start with The", "`The Duke`"),
        ("agents with oak in the name", "`Ned Oak`"),
        ("what percent of calls are open", "**10** of 40"),
        ("most experienced agent", "`Cy Orr`"),
        ("3 most valuable agents", "| `Kit Marlowe` | 330 |"),
        ("average value of clerks", "**{agents[agents.role == 'clerk'].value_eur.mean()}**"),
        ("histogram of hold times", "calls['hold_minutes']"),
        ("status against agent in calls", "pd.crosstab(calls['status'], calls['agent'])"),
        ("which period do the calls cover", "**`{calls.start.max().date()}`**"),
    ],
    "what goes with what": [
        ("what correlates most with age", "| `years_of_service` |"),
        ("correlations of litres", "| `depth` | -1 |"),
        ("do older agents have more value", "**{agents.age.corr(agents.value_eur)}**"),
        ("does a higher age mean a higher value", "**{agents.age.corr(agents.value_eur)}**"),
    ],
    "who answers and what can be asked": [
        (question, "- the table `orders`, 8 rows")
        for question in ("help", "who are you", "how do i use this", "hello", "what can you do")
    ],
    "a refusal names what was not understood, and no word that was": [
        (
            "frobnicate the amount",
            "I do not understand `frobnicate` in this question, so I do not answer a part of it. ",
        ),
        ("amount 2", "I do not understand what `2` belongs to"),
        (
            "amount of jars",
            "what `jars` belongs to in this question, so I do not answer a part of it. I did understand that it is about `amount`",
        ),
        ("how did shop sink the buyer", "I do not understand `sink` in"),
        ("third plum by gender", "what `plum` belongs to"),
    ],
}
DECLINED = {
    SHOPS: [
        "who spent most",
        "amount x weight",
        "relation of shop x amount",
        "how much did the fare pay",
        "is anybody listed twice in orders",
        "does anyone appear twice in buses",
        "how did amount drop",
        "index of votes",
        "drop the amount column || again",
        "once more",
        "tours over the hill",
        "describe",
        "how many dogs in jars",
        "how often does the occur in motto",
        "how often does spot occur in jars",
        "how many words of motto start with s",
        "top 10 rows",
    ],
    ANIMALS: [
        "french animals",
        "swiss trains",
        "how many norwegians in animals",
        "polish the table",
        "mean weight by species and its house",
        "heaviest species and its house",
        "sum of tolls",
    ],
    LOANS: [
        "share of norwegian women",
        "journeys in kil",
        "out of osl",
        "orders by branch",
        "second largest mark",
    ],
    CALLS: [
        "what percent of agents are pirates",
        "agents over 200",
        "how many calls on mondays and fridays in tanks",
        "which agents start with",
        "what correlates most with agent",
        "does a higher age mean a status",
        "mean cost on mondays and mean cost on sundays",
        "mean cost in march and mean cost in april",
        "agents older than Kit Marlowe",
        "which agents are older than ned oak",
    ],
    MODELS: ["precision", "true positives of three", "f1 and coefficients of logit"],
    VISITS: [
        "how many visits on the last day",
        "how many days did the visits take",
        "how long does it take",
        "how long did they last",
        "how many hours were the visits",
        "last 3 days of visits",
        "how many days per visit",
        "last month of rides",
        "lag on the last day",
        "nap over 2",
        "visits longer than 2 hours",
        "longest visit",
        "nap in kg",
    ],
}


#: Kinds of questions about other kernels.
SOURCES = {
    **dict.fromkeys(("days and months", "durations", "the most of what is counted"), VISITS),
    **dict.fromkeys(("people and things of a country", "its and their", "lazy frames"), ANIMALS),
    **dict.fromkeys(("small shapes", "from and to"), LOANS),
    "several models and metrics": MODELS,
    **dict.fromkeys(
        (
            "values that inspection leaves out",
            "days of the week",
            "names that begin like an article",
            "people are compared by their age",
            "a sum or a mean, where both may be meant",
            "small words of tables",
            "what goes with what",
        ),
        CALLS,
    ),
}
SHELLS: dict[str, Any] = {}


def session(source: str) -> OfflineSession:
    """A session with the kernel of this source, which all questions of it share."""
    if source is MODELS:
        pytest.importorskip("sklearn")
    if source not in SHELLS:
        SHELLS[source] = new_shell(source)
    return OfflineSession(SHELLS[source])


def filled(text: str, names: dict[str, Any]) -> str:
    """The text with what stands in braces computed."""

    def value(match: re.Match[str]) -> str:
        found = eval(match[1], names)
        found = found.item() if hasattr(found, "dtype") else found
        return figure(found) if isinstance(found, (int, float)) else str(found)

    return re.sub(r"\{(.+?)\}", value, text)


@pytest.mark.parametrize(
    ("kind", "asked", "expected"), [(kind, *case) for kind, cases in ANSWERED.items() for case in cases]
)
def test_plain_words_are_answered_with_the_right_value(kind: str, asked: str, expected: str) -> None:
    offline = session(SOURCES.get(kind, SHOPS))
    reply = [offline.ask(question) for question in asked.split(" || ")][-1]
    assert filled(expected, offline.shell.user_ns) in reply.text, reply.text


@pytest.mark.parametrize(
    ("source", "asked"),
    [(source, asked) for source, listed in DECLINED.items() for asked in listed],
    ids=[asked for listed in DECLINED.values() for asked in listed],
)
def test_what_could_be_meant_otherwise_is_declined(source: str, asked: str) -> None:
    offline = session(source)
    reply = [offline.ask(question) for question in asked.split(" || ")][-1]
    assert reply.declined is not None, reply.text
    assert reply.text.strip()
