"""Pictures of arrays, series, lists and dictionaries of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import many, name
from jupyter_agent.models.offline.namespace import Namespace, in_code
from jupyter_agent.models.offline.pictures import Picture
from jupyter_agent.models.offline.queries.query import ObjectContext, ObjectQuery
from jupyter_agent.models.offline.spans import Lexicon, Meaning, is_named, named_so, spans

#: An array with a shorter side is drawn as lines.
_NARROWEST = 4
_LEXICON = Lexicon(
    chart={
        "": "plot, plots, chart, graph, draw, visualize, visualise, picture, picture of, a picture of, diagram, plot of, drawing of, look like, looks like",
        "line": "line, line plot, line chart, curve, as a line, as line", "bar": "bar, bars, bar chart, bar plot, as bars, as a bar chart, bar chart of, barplot",
        "barh": "horizontal bars, horizontal bar chart, horizontal, barh", "pie": "pie, pie chart, as a pie", "scatter": "scatter, scatter plot, scatterplot",
        "hist": "hist, histogram, histograms, distribution", "box": "box, boxplot, box plot, boxes", "heatmap": "heatmap, heat map, image, imshow, as an image",
    },
    bins={True: "bins, bin, buckets"},
    against={True: "against, versus, vs, over, and"},
    noun={True: "array, list, dict, dictionary, series, matrix, vector, values, numbers, data, chart, it"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: its code, what it is called, and its shape."""

    code: str
    key: str
    kind: str
    shape: tuple[int, ...] = ()

    @property
    def layers(self) -> int | None:
        """Of an image 0; of images one behind the other how many; None of what is neither."""
        is_coloured = len(self.shape) == 3 and self.shape[-1] in (3, 4)
        if is_coloured or (len(self.shape) == 2 and min(self.shape) >= _NARROWEST):
            return 0
        return self.shape[0] if len(self.shape) in (3, 4) else None


@dataclass(frozen=True, slots=True)
class ChartQuery(ObjectQuery):
    """A picture of one thing, or of one against another."""

    chart: str
    drawn: tuple[Drawn, ...]
    bins: int
    namespace: Namespace

    def answer(self, facts: Facts) -> Sequence[str]:
        """The code, tried."""
        first, *others = self.drawn
        code = first.code
        if others:
            call = "plot" if self.chart == "line" else "scatter"
            line, labels = f"plt.{call}({others[0].code}, {code})", (others[0].key, first.key)
            sentence = f"{name(first.key)} against {name(others[0].key)}"
            return Picture(sentence, [line], f"{first.key} by {others[0].key}", labels).blocks(self.namespace, facts)
        values = f"list({code}.values())" if first.kind == "mapping" else code
        flat = f"{code}.ravel()" if len(first.shape) > 1 else f"{code}.dropna()" if first.kind == "series" else values
        places = f"list({code})" if first.kind == "mapping" else f"range(len({code}))"
        lines = {
            "hist": f"plt.hist({flat}, bins={self.bins})",
            "box": f"plt.boxplot({flat})",
            "bar": f"plt.bar({places}, {values})",
            "barh": f"plt.barh({places}, {values})",
            "pie": f"plt.pie({values}, labels={places})",
            "heatmap": f"plt.imshow({code}{'[0]' if first.layers else ''})",
            "scatter": f"plt.scatter({places}, {values})",
        }
        usual = {"mapping": "bar", "series": "hist"}.get(first.kind, "line" if first.layers is None else "heatmap")
        chart = self.chart or usual
        line = lines.get(chart, f"plt.plot({places}, {values})" if first.kind == "mapping" else f"plt.plot({code})")
        of = f", the first of {many(first.layers, 'image')}" if first.layers and chart == "heatmap" else ""
        return Picture(f"{name(first.code)}{of}", [line], first.key).blocks(self.namespace, facts)


def read(question: str, context: ObjectContext) -> ChartQuery | None:
    """What is drawn; None if nothing is, or not every word plays a part."""
    if "chart" not in spans(question, _LEXICON, lambda _text: None).slots:
        return None
    arrays = {
        variable.name: variable
        for variable in context.namespace.variables.values()
        if variable.kind in ("array", "series", "index")
    }
    lineages = [lineage for root in context.roots(question) for lineage in root.walk()]

    def meaning(text: str) -> Meaning | None:
        found = named_so(text, arrays)
        if found is not None:
            shape = found.facts.get("shape")
            sides = tuple(map(int, shape)) if isinstance(shape, (list, tuple)) else ()
            return "drawn", Drawn(in_code(found.name), found.name, found.kind, sides)
        inner = [lineage[-1] for lineage in lineages if is_named(lineage[-1].key, text) or lineage[-1].code == text]
        if (
            len({part.code for part in inner}) != 1
            or inner[0].kind not in ("mapping", "sequence")
            or not inner[0].parts
        ):
            return None
        part = inner[0]
        are_numbers = all(item.is_number for item in part.parts)
        return ("drawn", Drawn(part.code, part.key, part.kind)) if are_numbers else None

    found = spans(question, _LEXICON, meaning, arrays.__contains__)
    drawn: list[Drawn] = found.all("drawn")
    charts = {chart for chart in found.all("chart") if chart}
    numbers = found.all("number")
    if not drawn or "chart" not in found.slots or len(charts) > 1 or len(numbers) != len(found.all("bins")):
        return None
    if not found.has_only(drawn=2, chart=2, bins=1, number=1, against=1, noun=2) or (len(drawn) > 1) != (
        "against" in found.slots
    ):
        return None
    chart = charts.pop() if charts else ""
    sides = len(drawn[0].shape)
    if (chart == "heatmap" and sides != 2 and drawn[0].layers is None) or (numbers and chart != "hist"):
        return None
    if sides > 2 and (len(drawn) > 1 or drawn[0].layers is None or chart not in ("", "heatmap", "hist", "box")):
        return None
    if len(drawn) > 1 and chart not in ("", "line", "scatter"):
        return None
    return ChartQuery(chart, tuple(drawn), int(numbers[0]) if numbers else 30, context.namespace)
