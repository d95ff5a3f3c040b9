"""Inspectors of estimators, fitted models, sparse matrices, labelled arrays and tensors: what is known without work."""

from __future__ import annotations

import types
from typing import Any

from ..wire import MAX_COLUMNS, MAX_FIELDS, MAX_NAME, line
from .reading import class_attribute, class_name, instance_dict, loaded, parameters
from .registry import TimeBudget, ValueDescription, named_line, one_line, register_when_loaded
from .texts import element_text, shape_text, type_text

_SPARSE = " ".join(f"{layout}_{kind}" for layout in ("csr", "csc", "coo", "bsr", "dia") for kind in ("matrix", "array"))
_MAX_PARTS = 1000


def describe_estimator(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A scikit-learn estimator: its parameters, whether it is fitted, and the features it was fitted to."""
    held = instance_dict(value) or {}
    initial = class_attribute(type(value), "__init__")
    names = parameters(initial)[1:] if type(initial) is types.FunctionType else []
    settings = {name: held[name] for name in names if name in held}
    fitted = _fitted_attributes(held)
    shown = {name: named_line(name, held[name]) for name in [*fitted, *settings][:MAX_FIELDS]}
    pairs = held["steps"][:MAX_FIELDS] if type(held.get("steps")) is list else []
    steps = [pair[1] for pair in pairs if type(pair) is tuple and len(pair) == 2]  # a pipeline's estimators
    if steps:
        shown["steps"] = " → ".join(class_name(type(step)) for step in steps)
        fitted = fitted or _fitted_attributes(instance_dict(steps[-1]) or {})
    facts: dict[str, Any] = {"fields": shown, "fitted": bool(fitted)}
    features: Any = held.get("feature_names_in_")
    if type(features) is loaded("numpy", "ndarray"):
        facts["feature_names"] = [element_text(name) for name in features[:MAX_COLUMNS].tolist()]
    first = ", ".join(f"{name}={named_line(name, setting, 30)}" for name, setting in list(settings.items())[:3])
    state = "fitted" if fitted else "not fitted"
    return ValueDescription("object", line(f"{class_name(type(value))}({first}), {state}", 160), facts)


def _fitted_attributes(held: dict[str, Any]) -> list[str]:
    """Attributes that fitting has left, by scikit-learn's own convention."""
    return [name for name in list(held) if type(name) is str and name.endswith("_") and not name.startswith("_")]


def describe_results(value: Any, _budget: TimeBudget) -> ValueDescription:
    """Results of a statsmodels fit: the model's class and its parameters, as far as they are computed already."""
    held: dict[str, Any] = instance_dict(value) or {}
    if "_results" in held:
        held = instance_dict(held["_results"]) or {}
    model = held.get("model")
    shown = {name: one_line(held[name]) for name in ("params", "nobs", "df_model", "df_resid", "scale") if name in held}
    kind = class_name(type(model)) if model is not None else class_name(type(value))
    return ValueDescription("object", f"results of {kind}", {"fields": {"model": kind, **shown}})


def describe_sparse(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A sparse matrix: shape, data type, and how many elements are stored."""
    facts: dict[str, Any] = {"shape": list(value.shape), "dtype": type_text(value.dtype), "stored": int(value.nnz)}
    return ValueDescription("array", f"{class_name(type(value))} {shape_text(value.shape)} {facts['dtype']}", facts)


def describe_labelled(value: Any, _budget: TimeBudget) -> ValueDescription:
    """An xarray DataArray or Dataset; nothing lazy is loaded."""
    sizes = ", ".join(f"{name}: {size:,}" for name, size in list(value.sizes.items())[:10] if type(name) is str)
    if type(value) is loaded("xarray", "Dataset"):
        arrays = [(name, value.variables[name]) for name in list(value.data_vars)[:MAX_FIELDS]]
        shown = {
            element_text(name): f"{type_text(array.dtype)} ({', '.join(map(str, array.dims))})"
            for name, array in arrays
        }
        return ValueDescription("object", line(f"Dataset ({sizes})", 160), {"fields": shown})
    facts: dict[str, Any] = {
        "shape": list(value.shape),
        "dtype": type_text(value.dtype),
        "dims": [element_text(name) for name in value.dims],
        "coordinates": [element_text(name) for name in list(value.coords)[:MAX_COLUMNS]],
    }
    return ValueDescription("array", line(f"DataArray ({sizes}) {facts['dtype']}", 160), facts)


def describe_tensor(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A tensor: shape, data type and device, which need neither the device nor a copy."""
    shape = tuple(int(size) for size in value.shape)
    facts: dict[str, Any] = {"shape": list(shape), "dtype": type_text(value.dtype)}
    where = ""
    if (device := getattr(value, "device", None)) is not None:
        # TensorFlow's name a job and a task before the device, and its data types are in brackets.
        facts["device"] = line(str(device).rpartition("/device:")[2], MAX_NAME)
        facts["dtype"] = facts["dtype"].removeprefix("<dtype: '").removesuffix("'>")
        where = f" on {facts['device']}"
    summary = f"{class_name(type(value))} {shape_text(shape)} {facts['dtype']}{where}"
    return ValueDescription("array", line(summary, 160), facts)


def describe_network(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A torch module of whatever class: its parts, and how many parameters they have."""
    tensor_ids = {id(loaded("torch.nn", "Parameter")), id(loaded("torch", "Tensor"))}
    number = parts = 0
    pending = [value]
    seen: set[int] = set()
    while pending and parts < _MAX_PARTS:
        part = instance_dict(pending.pop()) or {}
        parts += 1
        for tensor in list((part.get("_parameters") or {}).values()):
            if id(type(tensor)) in tensor_ids and id(tensor) not in seen:
                seen.add(id(tensor))
                number += int(tensor.numel())
        pending.extend(child for child in list((part.get("_modules") or {}).values()) if child is not None)
    held = instance_dict(value) or {}
    children = held.get("_modules")
    shown = {
        line(name, MAX_NAME): class_name(type(child))
        for name, child in (list(children.items())[:MAX_FIELDS] if type(children) is dict else [])
        if type(name) is str
    }
    facts: dict[str, Any] = {"fields": shown, "parameters": number, "training": held.get("training") is True}
    return ValueDescription("object", f"{class_name(type(value))}, {number:,} parameters in {parts:,} modules", facts)


register_when_loaded("sklearn.base", "BaseEstimator", describe_estimator, bases_too=True)
register_when_loaded("statsmodels.base.model", "Results", describe_results, bases_too=True)
register_when_loaded("statsmodels.base.wrapper", "ResultsWrapper", describe_results, bases_too=True)
register_when_loaded("scipy.sparse", _SPARSE, describe_sparse)
register_when_loaded("xarray", "DataArray Dataset", describe_labelled)
register_when_loaded("torch", "Tensor", describe_tensor)
register_when_loaded("torch.nn", "Parameter", describe_tensor)
register_when_loaded("torch.nn", "Module", describe_network, bases_too=True)
register_when_loaded("tensorflow.python.framework.ops", "EagerTensor", describe_tensor)
register_when_loaded("tensorflow.python.ops.resource_variable_ops", "ResourceVariable", describe_tensor)
register_when_loaded("jaxlib._jax", "ArrayImpl", describe_tensor)
register_when_loaded("jaxlib.xla_extension", "ArrayImpl", describe_tensor)
