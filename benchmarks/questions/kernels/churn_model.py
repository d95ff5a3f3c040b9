# %%
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

# %%
rng = np.random.default_rng(5)
rows = 300
churn = pd.DataFrame(
    {
        "tenure": rng.integers(1, 60, rows),
        "monthly_fee": rng.normal(50, 12, rows).round(2),
        "support_calls": rng.poisson(2, rows),
        "age": rng.integers(18, 80, rows),
    }
)
score = -0.06 * churn["tenure"] + 0.03 * churn["monthly_fee"] + 0.5 * churn["support_calls"] + rng.normal(0, 1, rows)
churn["churned"] = (score > 0.9).astype(int)

# %%
X = churn.drop(columns="churned")
y = churn["churned"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=1)

# %%
clf = LogisticRegression(max_iter=1000, C=0.5).fit(X_train, y_train)
forest = RandomForestClassifier(n_estimators=25, max_depth=4, random_state=0).fit(X_train, y_train)

# %%
y_pred = clf.predict(X_test)
matrix = confusion_matrix(y_test, y_pred)

# %%
fee_model = LinearRegression().fit(churn[["tenure", "age"]], churn["monthly_fee"])
