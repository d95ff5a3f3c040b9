"""Inspectors of matplotlib figures and axes and of PIL images; nothing is drawn and no file is loaded."""

from __future__ import annotations

from typing import Any

from ..wire import MAX_ITEMS, count, line
from .reading import class_name, instance_dict
from .registry import TimeBudget, ValueDescription, register_when_loaded
from .texts import plain_text


def describe_figure(value: Any, budget: TimeBudget) -> ValueDescription:
    """A figure: its size and what its axes are titled."""
    axes = [describe_axes(ax, budget).facts for ax in value.axes[:MAX_ITEMS]]
    width, height = value.get_size_inches()
    facts: dict[str, Any] = {"axes": axes, "inches": [float(width), float(height)]}
    titles = ", ".join(ax["title"] for ax in axes if ax["title"])
    named = f": {titles}" if titles else ""
    return ValueDescription("figure", line(f"Figure, {len(axes)} axes{named}", 160), facts)


def describe_axes(value: Any, _budget: TimeBudget) -> ValueDescription:
    """One pair of axes."""
    facts = {
        "title": plain_text(value.title.get_text()),
        "x": plain_text(value.xaxis.label.get_text()),
        "y": plain_text(value.yaxis.label.get_text()),
        "lines": len(value.lines),
        "collections": len(value.collections),
        "patches": len(value.patches),
        "images": len(value.images),
    }
    named = f" {facts['title']}" if facts["title"] else ""
    return ValueDescription("figure", line(f"Axes{named}, {count(len(value.lines), 'line')}", 160), facts)


def describe_image(value: Any, _budget: TimeBudget) -> ValueDescription:
    """A PIL image of whatever format: size and mode, which were read from the file's head when it was opened."""
    held = instance_dict(value) or {}
    size, mode = held.get("_size"), held.get("_mode")
    if type(size) is not tuple or type(mode) is not str:
        return ValueDescription("figure", class_name(type(value)), {})
    width, height = size
    facts = {"shape": [height, width], "mode": mode}
    return ValueDescription("figure", f"{class_name(type(value))} {width:,} × {height:,} {mode}", facts)


register_when_loaded("matplotlib.figure", "Figure", describe_figure)
register_when_loaded("matplotlib.axes", "Axes", describe_axes)
register_when_loaded("PIL.Image", "Image", describe_image, bases_too=True)
