"""Fitted models: how good they are, what they learnt, which rows they get wrong, and what they were fitted on."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jupyter_agent.core.kernel_state import Variable
from jupyter_agent.models.offline.explaining import parsed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.grammar.lexicon import UNIT_WORDS, UNITS
from jupyter_agent.models.offline.lexicon import words
from jupyter_agent.models.offline.markdown import name, names, python, table
from jupyter_agent.models.offline.namespace import Namespace, in_code, texts
from jupyter_agent.models.offline.parts import likeness
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery, SeveralQuery, short_type, shown_run
from jupyter_agent.models.offline.query import MOST_ANSWERED, Ask
from jupyter_agent.models.offline.spans import Lexicon, Meaning, Spans, is_named, spans
from jupyter_agent.models.offline.words import forms, key, parts

Half = Literal["", "test", "train"]
_METRICS = "__import__('importlib').import_module('sklearn.metrics')"
_LEXICON = Lexicon(
    what={
        "score": "score, how good, how well, good, performance, quality, perform, performs, scores, test score, evaluate, evaluation",
        "accuracy": "accuracy, how accurate, accurate, acc, correct predictions, accuracy score",
        "r2": "r2, r squared, r 2, r2 score, coefficient of determination, explained variance",
        "confusion": "confusion matrix, confusion matrices, matrices, confusion",
        "report": "classification report, report",
        "precision": "precision", "recall": "recall, sensitivity", "f1": "f1, f1 score, f score", "auc": "roc auc, auc, auc score, roc auc score, area under the curve",
        "mae": "mae, mean absolute error", "rmse": "rmse, root mean squared error", "mse": "mse, mean squared error",
        "importances": "feature importances, feature importance, importances, importance, variable importance, important features",
        "most important": "most important feature, most important, most important variable, most influential feature, strongest feature, top feature, which feature is most important, feature is most important, feature matters most, matters most, biggest influence",
        "least important": "least important feature, least important, matters least",
        "coefficients": "coefficients, coefs, coef, coefficient, weights, slopes, slope",
        "intercept": "intercept, bias",
        "parameters": "params, parameters, hyperparameters, hyper parameters, settings, arguments, configuration, hyperparams",
        "features": "features, feature names, inputs, input columns, predictors, columns it uses, trained features",
        "number of features": "how many features, number of features, n features",
        "classes": "classes, class labels, which classes",
        "fitted on": "fitted on, trained on, trained with, fit on, what was it trained on, training data",
        "type": "type, kind of model, what kind of model, which algorithm, algorithm, what kind, kind",
        "is fitted": "fitted, trained, already fitted, already trained",
        "steps": "steps, stages",
        "wrong": "wrong, wrong rows, wrongly classified, misclassified, misclassified rows, errors, mistakes, wrong predictions, gets wrong, wrongly predicted, which rows are wrong",
        "tn": "true negatives, tn", "fp": "false positives, fp, false alarms", "fn": "false negatives, fn", "tp": "true positives, tp",
        "overfit": "overfit, overfits, overfitted, overfitting, underfit, underfits, underfitting",
        "rows": "samples, sample, examples, size, how large, how big, rows, row",
        "best": "better, best, which is better, which is best",
        "predictions": "predictions, predict, predicted values",
    },
    half={
        "test": "test, test set, test data, on test, testing set, held out data, unseen data, test rows, validation set, test score",
        "train": "train, train set, training set, training data, training, on train, train data, train score",
    },
    count={True: "how many, number of, count"},
    noun={True: "model, models, classifier, regressor, regression, estimator, set, data, dataset, one, feature, pipeline, get, gets, got, learn, learned, learnt, it, have, does, use, uses, made, make, makes"},
    verb={True: "and, also, against, versus, vs, than, compared to, compare, all, both, each, every, of both, about, what about, how about, then, on, he, she, now, again, predict"},
)  # fmt: skip
_SCORING = frozenset(
    words("score accuracy r2 confusion report precision recall f1 auc mae rmse mse wrong predictions best tn fp fn tp")
)
#: Parts of the confusion matrix of two classes, row by row.
_PARTS = {
    "tn": "number of true negatives",
    "fp": "number of false positives",
    "fn": "number of false negatives",
    "tp": "number of true positives",
}
#: They are about models only where a noun says so.
_VAGUE = ("best", "predictions", "wrong", "report", "precision", "is fitted", "classes", "features", "parameters")
_REGRESSION = frozenset({"r2", "mae", "rmse", "mse"})
_CLASSIFICATION = frozenset({"accuracy", "confusion", "report", "precision", "recall", "f1", "auc", "classes", *_PARTS})
#: Words in the names of classes that learn how important each feature is.
_TREES = frozenset({"forest", "tree", "trees", "boosting", "boost", "xgb", "lgbm", "cat"})
#: With the model, the features, the labels, and how values of several classes are averaged.
_CODE = {
    "score": "{model}.score({x}, {y})", "accuracy": "{model}.score({x}, {y})", "r2": "{model}.score({x}, {y})",
    "confusion": _METRICS + ".confusion_matrix({y}, {model}.predict({x}))", "report": "print(" + _METRICS + ".classification_report({y}, {model}.predict({x})))",
    "precision": _METRICS + ".precision_score({y}, {model}.predict({x}){average})", "recall": _METRICS + ".recall_score({y}, {model}.predict({x}){average})",
    "f1": _METRICS + ".f1_score({y}, {model}.predict({x}){average})", "auc": _METRICS + ".roc_auc_score({y}, {model}.predict_proba({x})[:, 1])",
    "mae": _METRICS + ".mean_absolute_error({y}, {model}.predict({x}))", "mse": _METRICS + ".mean_squared_error({y}, {model}.predict({x}))",
    "rmse": _METRICS + ".mean_squared_error({y}, {model}.predict({x})) ** 0.5",
    **{what: _METRICS + f".confusion_matrix({{y}}, {{model}}.predict({{x}})).ravel()[{place}]" for place, what in enumerate(_PARTS)},
    "rows": "len({x})", "wrong": "{x}[{model}.predict({x}) != {y}]", "predictions": "{model}.predict({x})",
}  # fmt: skip
_NOUNS = {
    **_PARTS, "rows": "number of rows",
    "score": "score", "accuracy": "accuracy", "r2": "R²", "confusion": "confusion matrix (rows are the true classes, columns the predicted ones)", "report": "classification report",
    "auc": "area under the ROC curve", "mae": "mean absolute error", "mse": "mean squared error", "rmse": "root mean squared error", "f1": "F1 score",
    "wrong": "rows that are predicted wrongly", "predictions": "predictions",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelQuery(ObjectQuery):
    """What is asked of fitted models.

    Attributes:
        what: A key of the lexicon.
        models: The estimators.
        namespace: Where their data are.
        half: On which data; empty where it is not said.
        counts: Whether how many is asked for.
        setting: The parameter or attribute that is named.
    """

    what: str
    models: tuple[Variable, ...]
    namespace: Namespace
    half: Half = ""
    counts: bool = False
    setting: str = ""

    def answer(self, facts: Facts) -> Sequence[str]:
        """From inspection, or computed on the data that the model was fitted on or kept from."""
        if self.what == "best" or len(self.models) > 1:
            return self._compared(facts)
        model = self.models[0]
        full = facts.inspected(model.name) or model
        held, is_fitted = _fields(full), bool(full.facts.get("fitted"))
        code, title, kind = in_code(model.name), name(model.name), name(short_type(model))
        if self.setting:
            value, setting = held.get(self.setting), name(f"{model.name}.{self.setting}")
            if isinstance(value, str) and "ndarray" not in value and "…" not in value:
                return [f"{setting} is **{name(value)}**.", python(f"{code}.{self.setting}")]
            return shown_run(facts, f"{code}.{self.setting}", setting)
        features = texts(full.facts.get("feature_names"))
        match self.what:
            case "type":
                return [f"{title} is a **{kind}** ({name(model.summary)})."]
            case "is fitted":
                return [f"Yes, {title} is fitted." if is_fitted else f"No, {title} is not fitted."]
            case "parameters":
                settings = {key: value for key, value in held.items() if not key.endswith("_") and key != "steps"}
                rows = [[name(key), name(value, 100)] for key, value in settings.items()]
                listed = table(["parameter", "value"], rows)
                return [f"The parameters of {title}, a {kind}:", listed, python(f"{code}.get_params()")]
            case "steps" if "steps" in held:
                return [f"The steps of {title}: {name(held['steps'], 300)}."]
            case "steps":
                return [f"{title} is no pipeline; it is one {kind}."]
        if not is_fitted:
            return [f"{title} is not fitted yet. Fit it first, with `{code}.fit(X, y)`."]
        match self.what:
            case "features" | "number of features" if not features:
                unnamed = f"The number of features of {title}, which was fitted without names"
                return shown_run(facts, f"{code}.n_features_in_", unnamed)
            case "features" | "number of features":
                listed = f"{title} was fitted on **{len(features)}** features: {names(features, 40)}."
                return [listed, python(f"{code}.feature_names_in_")]
            case "classes":
                return shown_run(facts, f"{code}.classes_.tolist()", f"The classes of {title}")
            case "intercept":
                return shown_run(facts, f"{code}.intercept_.tolist()", f"The intercept of {title}")
            case "importances" | "coefficients" | "most important" | "least important":
                return self._weights(facts, held, bool(features))
            case "fitted on":
                fit = _fit_call(model.name, facts)
                listed = names(features, 20)
                if fit:
                    return [
                        f"{title} was fitted on {name(fit[0])} and {name(fit[1])}{f': {listed}' if features else ''}."
                    ]
                known = f"; its features are {listed}" if features else ""
                return [f"No cell of this notebook says what {title} was fitted on{known}."]
        return self._scored(facts, full)

    def _weights(self, facts: Facts, held: Mapping[str, object], has_names: bool) -> Sequence[str]:
        model = self.models[0]
        code, title = in_code(model.name), name(model.name)
        if not _suits(self.what, model):
            what = "coefficients" if self.what == "coefficients" else "feature importances"
            return [f"{title} has no {what}: it is a {name(short_type(model))}."]
        has_coefficients = "coef_" in held
        values = f"{code}.coef_.ravel()" if has_coefficients else f"{code}.feature_importances_"
        if not has_names:
            what = "coef" if has_coefficients else "feature importances"
            return shown_run(facts, f"{values}.tolist()", f"The {what} of {title}, in the order of its columns")
        pairs = f"zip({code}.feature_names_in_.tolist(), {values}.tolist())"
        is_ranked = self.what in ("most important", "least important")
        if is_ranked and not has_coefficients:
            ranked = f"{'max' if self.what == 'most important' else 'min'}({pairs}, key=lambda pair: pair[1])"
            return shown_run(facts, ranked, f"The {self.what} feature of {title}, with its importance")
        scale = "has coefficients, which say how important a feature is only where all have one scale. They are:"
        what = "coefficients" if has_coefficients else "feature importances"
        every = f"dict(sorted({pairs}, key=lambda pair: -abs(pair[1])))"
        return [*([f"{title} {scale}"] if is_ranked else []), *shown_run(facts, every, f"The {what} of {title}")]

    def _data(self, model: Variable, facts: Facts) -> tuple[str, str, Half]:
        """Features and labels as code, and which half they are.

        Raises:
            Ask: there are none.
        """
        fit = _fit_call(model.name, facts)
        test = _test_pair(fit, self.namespace)
        if self.half != "train" and test is not None:
            return (*test, "test")
        if self.half == "test" or fit is None:
            pair = "`X_test` and `y_test`" if self.half != "train" else "the data that it was fitted on"
            missing = f"I find no {pair} for {name(model.name)} in the notebook"
            raise Ask(f"I do not know on which data: {missing}. Which do you mean?")
        return (*fit, "train")

    def _scored(self, facts: Facts, model: Variable) -> Sequence[str]:
        is_classifier = _is_classifier(model)
        if (self.what in _REGRESSION and is_classifier) or (self.what in _CLASSIFICATION and is_classifier is False):
            kind = "classifier" if is_classifier else "regression"
            raise Ask(f"There is no {_NOUNS.get(self.what, self.what)} of {name(model.name)}: it is a {kind}.")
        x, y, half = self._data(model, facts)
        classes = _classes(model)
        if self.what in _PARTS and classes != 2:
            raise Ask(
                f"There is no {_PARTS[self.what].removeprefix('number of ')[:-1]} of {name(model.name)}: it tells {classes or 'an unknown number of'} classes, not two."
            )
        code = self._expression(model, x, y)
        where = f"on {name(x)} and {name(y)}, which it was {'not ' if half == 'test' else ''}fitted on"
        noun = _NOUNS.get(self.what, self.what)
        if self.what == "score" and is_classifier is not None:
            noun = "accuracy" if is_classifier else "R²"
        if self.what == "rows":
            return shown_run(facts, code, f"The number of rows of {name(x)}")
        if self.what in _PARTS:
            where += "; positive is the second of its classes"
        if self.what == "wrong" and self.counts:
            wrong = f"int(({in_code(model.name)}.predict({x}) != {y}).sum())"
            return shown_run(facts, wrong, f"The number of rows that {name(model.name)} predicts wrongly {where}")
        return shown_run(facts, code, f"The {noun} of {name(model.name)} {where}")

    def _expression(self, model: Variable, x: str, y: str) -> str:
        average = "" if _classes(model) in (None, 2) else ", average='weighted'"
        return _CODE[self.what].format(model=in_code(model.name), x=x, y=y, average=average)

    def _compared(self, facts: Facts) -> Sequence[str]:
        what = "score" if self.what == "best" else self.what
        kinds = {_is_classifier(model) for model in self.models}
        has_number = what in _SCORING and what not in ("wrong", "predictions", "report", "confusion", *_PARTS)
        if what == "rows" and len({self._data(model, facts)[0] for model in self.models}) == 1:
            return self._scored(facts, self.models[0])
        if not has_number and len(self.models) <= MOST_ANSWERED and what not in ("wrong", "predictions"):
            return SeveralQuery([replace(self, models=(model,)) for model in self.models]).answer(facts)
        if not has_number or len(kinds) > 1 or None in kinds:
            raise Ask(f"Which model do you mean: {names([model.name for model in self.models])}?")
        single = replace(self, what=what)
        data = [single._data(model, facts) for model in self.models]
        if len({(y, half) for _, y, half in data}) > 1:
            listed = names([model.name for model in self.models])
            raise Ask(f"{listed} were not fitted for the same values. Which do you mean?")
        pairs = ", ".join(
            f"{model.name!r}: {single._expression(model, x, y)}"
            for model, (x, y, _) in zip(self.models, data, strict=True)
        )
        x, y, half = data[0]
        noun = ("accuracy" if kinds == {True} else "R²") if what == "score" else _NOUNS.get(what, what)
        seen = "not fitted on" if half == "test" else "fitted on"
        title = f"The {noun} on {name(x)} and {name(y)}, which they were {seen}; the best is first"
        return shown_run(facts, f"dict(sorted({{{pairs}}}.items(), key=lambda pair: -pair[1]))", title)


def _is_classifier(model: Variable) -> bool | None:
    """Whether it tells classes, whether it tells numbers; None where its class's name does not say."""
    called = parts(short_type(model))
    if {"classifier", "svc", "nb"} & called or {"logistic", "regression"} <= called:
        return True
    if "classes_" in _fields(model):
        return True
    return False if {"regressor", "regression", "ridge", "lasso", "svr", "elastic"} & called else None


def _fit_call(model: str, facts: Facts) -> tuple[str, str] | None:
    """What the newest cell that fits the model gives to its ``fit``."""
    cells = facts.cells() if "read_cells" in facts.conversation.offered else None
    ran = sorted((cell for cell in cells or () if cell.kind == "code"), key=lambda cell: cell.execution_count or 0)
    found = None
    for cell in ran:
        for node in ast.walk(parsed(cell.source) or ast.Module([], [])):
            call, owner = node, ""
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                call, owner = node.value, ast.unparse(node.targets[0])
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "fit":
                continue
            if model in (owner, ast.unparse(call.func.value)) and len(call.args) > 1:
                found = ast.unparse(call.args[0]), ast.unparse(call.args[1])
    return found


def _test_pair(fit: tuple[str, str] | None, namespace: Namespace) -> tuple[str, str] | None:
    """The data that were kept from the fit: named like those, with test for train."""
    pair = ("X_test", "y_test")
    if fit is not None:
        x, y = (
            re.sub(r"(?i)tr(?:ain(?:ing)?)?(?=_|\b)", lambda match: "te" if len(match[0]) == 2 else "test", text)
            for text in fit
        )
        pair = (x, y) if (x, y) != fit else ("", "")
    return pair if all(text in namespace.variables for text in pair) else None


@dataclass(frozen=True, slots=True)
class PredictionQuery(ObjectQuery):
    """What a model predicts for one row.

    Attributes:
        model: It.
        values: Of each feature, in their order.
        features: Their names; none where it was fitted without.
    """

    model: Variable
    values: tuple[float, ...]
    features: tuple[str, ...] = ()

    def answer(self, facts: Facts) -> Sequence[str]:
        """Computed, and which value was taken for what."""
        code, row = in_code(self.model.name), f"[{list(self.values)}]"
        if not self.features:
            taken = f"its {len(self.values)} features in their order"
            return shown_run(
                facts, f"{code}.predict({row})[0]", f"The prediction of {name(self.model.name)} for {taken}"
            )
        taken = ", ".join(f"{name(each)} {value}" for each, value in zip(self.features, self.values, strict=True))
        frame = f"__import__('pandas').DataFrame({row}, columns={list(self.features)!r})"
        return shown_run(facts, f"{code}.predict({frame})[0]", f"The prediction of {name(self.model.name)} for {taken}")


_PREDICT = Lexicon(
    predict={True: "predict, prediction, predicted, predicts, forecast, estimate"},
    with_model={True: "using, use, say, says, a, given, if, when, value, target, new, row, sample, model, by, and"},
)


def _prediction(question: str, models: Sequence[Variable], context: ObjectContext) -> PredictionQuery | None:
    """``predict the yield for 38 degrees and ph 7.2 with model``: each number is of one feature, or all are in their order."""
    if not re.search(r"\bpredict|\bforecast|\bestimate", question, re.IGNORECASE):
        return None
    exact = [model for model in models if re.search(rf"\b{re.escape(model.name)}\b", question)]
    chosen = exact if len(exact) == 1 else models if not exact else ()
    full = context.facts.inspected(chosen[0].name) or chosen[0] if len(chosen) == 1 else None
    if full is None or not full.facts.get("fitted"):
        return None
    features = texts(full.facts.get("feature_names"))
    fit = _fit_call(full.name, context.facts)
    labels = context.namespace.variables.get(fit[1]) if fit is not None else None
    called = str(labels.facts.get("name") or "") if labels is not None else ""
    target = parts(called) | forms(called) | {"y"}
    units = {word: column for unit, unit_words in UNIT_WORDS.items() for word in unit_words.split() for column in UNITS[unit].split()}  # fmt: skip

    def meaning(text: str) -> Meaning | None:
        if text == full.name:
            return "model", full
        fitting = [each for each in features if key(each) == key(text)] or [
            each for each in features if forms(text) & parts(each) or units.get(text.lower()) in parts(each)
        ]
        if len(fitting) == 1:
            return "feature", fitting[0]
        return ("target", text) if forms(text) & target else None

    found = spans(question, _PREDICT, meaning, lambda text: text == full.name)
    numbers: list[float] = found.all("number")
    if found.unknown or found.slots - {"predict", "with_model", "model", "feature", "target", "number"} or not numbers:
        return None
    named = _values_of(found)
    if named is None:
        return None
    if not features and not named:
        row = tuple(numbers)
        is_whole = context.namespace.variables and _width(full) == len(row)
        return PredictionQuery(full, row) if is_whole else None
    if not named and len(numbers) == len(features):
        return PredictionQuery(full, tuple(numbers), features)
    if {*named} != {*features} or len(numbers) != len(features):
        return None
    return PredictionQuery(full, tuple(named[each] for each in features), features)


def _values_of(found: Spans) -> dict[str, float] | None:
    """The number next to each name of a feature; nothing where none is named, None where it is not clear whose a number is."""
    listed = [span for span in found.spans if span.slot in ("number", "feature")]
    if not any(span.slot == "feature" for span in listed):
        return {}
    values: dict[str, float] = {}
    place = 0
    while place < len(listed):
        pair = listed[place : place + 2]
        slots = [span.slot for span in pair]
        if sorted(slots) != ["feature", "number"]:
            return None
        feature, value = sorted(pair, key=lambda span: span.slot)
        if feature.value in values:
            return None
        values[feature.value] = value.value
        after = listed[place + 2 : place + 3]
        is_unit = bool(after) and after[0].value == feature.value and pair[1] is value
        place += 3 if is_unit else 2  # ``temperature 38 degrees``
    return values


def _width(model: Variable) -> int | None:
    """How many features it was fitted on."""
    counted = str(_fields(model).get("n_features_in_", ""))
    return int(counted) if counted.isdigit() else None


def read(question: str, context: ObjectContext) -> ModelQuery | PredictionQuery | SeveralQuery | None:
    """What is asked of a model; None if nothing is, or not every word plays a part."""
    models = [
        variable
        for variable in context.namespace.variables.values()
        if variable.kind == "object" and "fitted" in variable.facts
    ]
    if not models:
        return None
    predicted = _prediction(question, models, context)
    if predicted is not None:
        return predicted
    settings = {setting for model in models for setting in _fields(model)}

    def meaning(text: str) -> Meaning | None:
        exact = [model for model in models if model.name == text] or [
            model for model in models if len(text) > 2 and is_named(model.name, text)
        ]
        if exact:
            return "model", exact[0]
        alike = [
            model
            for model in models
            if set(text.lower().split()) <= parts(short_type(model)) | {"model"} and text.lower() != "model"
        ]
        if len(alike) == 1:
            return "model", alike[0]
        counted = "n_" + text.lower().rstrip("s")
        setting = next((key for key in settings if likeness(text, key) == 0 or key.rstrip("s") == counted), None)
        if setting is None and text.lower() in ("trees", "tree"):
            setting = "n_estimators" if "n_estimators" in settings else None
        return ("setting", setting) if setting is not None else None

    found = spans(question, _LEXICON, meaning, context.namespace.variables.__contains__)
    if not found.has_only(model=4, what=4, half=2, noun=4, verb=3, count=1, setting=1):
        return None
    what = list(dict.fromkeys(found.all("what")))
    if set(what) == {"predictions", "wrong"}:
        what = ["wrong"]
    named = tuple(dict.fromkeys(found.all("model")))
    setting = found.one("setting") or ""
    previous = context.previous if isinstance(context.previous, ModelQuery) else None
    if previous is not None and not what and not setting and (named or found.slots & {"half"}):
        return replace(previous, models=named or previous.models, half=found.one("half") or previous.half)
    if len(what) == 2 and "score" in what:
        what.remove("score")
    if len(what) > 1 and "rows" in what:
        what.remove("rows")
    halves = list(dict.fromkeys(found.all("half")))
    if what == ["rows"] and len(halves) != 1:
        return None
    if what == ["overfit"]:
        what, halves = ["score"], ["train", "test"]
    are_numbers = set(what) <= _SCORING - {"wrong", "predictions", "best"} and not setting
    if len(what) + bool(setting) != 1 and not (are_numbers and 1 < len(what) <= MOST_ANSWERED):
        return None
    if len(halves) > 1 and (len(what) != 1 or not are_numbers):
        return None
    if setting:
        named = named or tuple(model for model in models if setting in _fields(model))
        named = named if len(named) == 1 else ()
    elif not named:
        if what[0] in ("type", "steps") or (
            what[0] in _VAGUE
            and len(what) == 1
            and "noun" not in found.slots
            and "predictions" not in found.all("what")
        ):
            return None
        named = tuple(model for model in models if all(_suits(each, model) for each in what))
        if what == ["best"]:
            kinds = [_is_classifier(model) for model in named]
            named = tuple(model for model, kind in zip(named, kinds, strict=True) if kind is (kinds.count(True) > 1))
    if not named:
        return None
    counts = bool(found.one("count"))
    queries = [
        ModelQuery(each, named, context.namespace, half, counts, setting)
        for each in what or [""]
        for half in halves or [""]
    ]
    return queries[0] if len(queries) == 1 else SeveralQuery(queries)


def _classes(model: Variable) -> int | None:
    """How many classes it tells."""
    counted = re.search(r"\b(\d+)\b", str(_fields(model).get("classes_", "")))
    return int(counted[1]) if counted else None


def _fields(model: Variable) -> Mapping[str, object]:
    """Its parameters and what it learnt, as inspection has them."""
    fields = model.facts.get("fields")
    return fields if isinstance(fields, dict) else {}


def _suits(what: str, model: Variable) -> bool:
    """Whether a model has what is asked for, as far as its class tells."""
    has_coefficients = "coef_" in _fields(model)
    if what in ("coefficients", "intercept"):
        return has_coefficients
    if what in ("importances", "most important", "least important"):
        return bool(_TREES & parts(short_type(model))) or (has_coefficients and what != "importances")
    kind = _is_classifier(model)
    if what in _PARTS and _classes(model) != 2:
        return False
    return not ((what in _REGRESSION and kind) or (what in _CLASSIFICATION and kind is False))
