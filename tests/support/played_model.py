"""A good model that is played: a fixed policy that looks, acts, runs what it wrote, reads the output and answers.

It reads tool results as today's best models do, and what it may do it knows only from the schemas and the system prompt of
the request: where a tool offers a shorter way, it is taken, else not.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from jupyter_agent.core.events import ModelEvent, ModelFinished, TextDelta
from jupyter_agent.core.messages import Message, ToolCall
from jupyter_agent.core.protocols import ToolSpec

Calls: TypeAlias = list[tuple[str, dict[str, Any]]]
#: Yields the calls of one answer, gets their results, and returns the last answer.
Policy: TypeAlias = Generator[Calls, list[Message], str]


@dataclass(frozen=True)
class Offer:
    """What a request offers: its tools, and the advice of its system prompt."""

    tools: Mapping[str, ToolSpec]
    system: str

    def takes(self, tool: str, argument: str) -> bool:
        return tool in self.tools and argument in self.tools[tool].parameters["properties"]

    @property
    def tries_first(self) -> bool:
        """Whether it is told to try code before it writes a cell."""
        return "try_code" in self.tools and re.search(r"[Tt]ry code with\s+try_code", self.system) is not None


class PlayedModel:
    """Plays one policy for each question, found by a word of it.

    Attributes:
        requests: How often it was asked.
    """

    name = "played"

    def __init__(self, policies: Mapping[str, Callable[[Offer], Policy]]) -> None:
        self.requests = 0
        self._policies = policies
        self._policy: Policy | None = None

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), *, deadline: float
    ) -> AsyncGenerator[ModelEvent, None]:
        self.requests += 1
        results = _results(messages)
        try:
            if self._policy is None or not results:
                question = next(message.content for message in reversed(messages) if message.role == "user")
                play = next(play for word, play in self._policies.items() if word in question)
                self._policy = play(Offer({tool.name: tool for tool in tools}, messages[0].content))
                calls = next(self._policy)
            else:
                calls = self._policy.send(results)
        except StopIteration as end:
            yield TextDelta(end.value)
            yield ModelFinished("stop")
            return
        for number, (name, arguments) in enumerate(calls):
            yield ToolCall(f"call_{self.requests}_{number}", name, json.dumps(arguments))
        yield ModelFinished("tool_calls")

    async def close(self) -> None:
        """Nothing is open."""


def _results(messages: Sequence[Message]) -> list[Message]:
    results: list[Message] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, message)
    return results


def data_of(result: Message) -> Any:
    """A result's JSON, of which text may follow."""
    return json.JSONDecoder().raw_decode(result.content)[0]


def _failed(results: Sequence[Message]) -> str:
    return next((result.content for result in results if result.code), "")


# What it does in several tasks -------------------------------------------------------------------


def write_and_run(offer: Offer, source: str) -> Generator[Calls, list[Message], str]:
    """A new cell, run; what the run displayed, or why it came to nothing."""
    if offer.takes("insert_cell", "run"):
        results = yield [("insert_cell", {"source": source, "run": True})]
        return results[0].content
    if offer.tries_first:
        results = yield [("try_code", {"code": source})]
        if failure := _failed(results):
            return failure
    results = yield [("insert_cell", {"source": source})]
    if failure := _failed(results):
        return failure
    results = yield [("run_cell", {"cell_id": data_of(results[0])["cell_id"]})]
    return results[0].content


def mend_and_run(
    offer: Offer, cell_id: str, source: str, wrong: str, right: str
) -> Generator[Calls, list[Message], str]:
    """A cell with one thing replaced, run; what the run displayed."""
    change: dict[str, Any] = {"cell_id": cell_id}
    if offer.takes("edit_cell", "replace"):
        change["replace"] = [{"old": wrong, "new": right}]
    else:
        change["source"] = source.replace(wrong, right, 1)
    if offer.takes("edit_cell", "run"):
        results = yield [("edit_cell", {**change, "run": True})]
        return results[0].content
    results = yield [("edit_cell", change)]
    if failure := _failed(results):
        return failure
    results = yield [("run_cell", {"cell_id": cell_id})]
    return results[0].content


# The tasks ---------------------------------------------------------------------------------------

PLOT = """\
import matplotlib.pyplot as plt

clean = df.assign(km=pd.to_numeric(df["km"].str.replace(" km", ""), errors="coerce")).dropna(subset=["km"])
print(f"kept={len(clean)} longest={clean.km.max():g}")
clean.plot.bar(x="city", y="km")
plt.show()"""


def clean_and_plot(offer: Offer) -> Policy:
    results = yield [("inspect_variable", {"name": "df", "column": "km"})]
    if " km" not in results[0].content:
        return "The column km is no text; I did not clean it."
    shown = yield from write_and_run(offer, PLOT)
    found = re.search(r"kept=(\d+) longest=(\d+)", shown)
    if found is None or "picture" not in shown:
        return f"The plot did not work: {shown}"
    return f"{found[1]} rows are left after cleaning; the longest way is {found[2]} km. The plot is in a new cell."


#: How an error is mended: what it says, what stands there, what is to stand there.
MENDS = (
    ("KeyError: 'prize'", 'row["prize"]', 'row["price"]'),
    ("NameError: name 'totl'", "totl", "total"),
    ("TypeError: object of type", "len(rows[0].values)", "len(rows)"),
)


def mend_three_bugs(offer: Offer) -> Policy:
    results = yield [("read_error", {}), ("read_cells", {})]
    shown = data_of(results[0])["error"]
    shown = f"{shown['name']}: {shown['message']}"
    cell = next(cell for cell in data_of(results[1])["cells"] if cell["error"])
    source, mended = cell["source"], 0
    while mended < 5 and (mend := next((mend for mend in MENDS if mend[0] in shown), None)):
        shown = yield from mend_and_run(offer, cell["id"], source, mend[1], mend[2])
        source, mended = source.replace(mend[1], mend[2], 1), mended + 1
    mean = re.search(r"mean: (\S+)", shown)
    return f"I mended {mended} faults. The mean price is {mean[1]}." if mean else f"It still fails: {shown}"


FUNCTION = """\
def summary_of(prices):
    kept = [price for price in prices if price is not None]
    return {"count": len(kept), "mean": sum(kept) / len(kept)}


print(summary_of(prices))"""


def make_function(offer: Offer) -> Policy:
    results = yield [("read_cells", {})]
    sources = "\n".join(cell["source"] for cell in data_of(results[0])["cells"])
    if "kept =" not in sources or "mean =" not in sources:
        return "I do not find the cells that compute the summary."
    verify = ("run_code", {"code": "summary_of(prices)['mean'] == mean"})
    if offer.takes("insert_cell", "run"):
        results = yield [("insert_cell", {"source": FUNCTION, "run": True}), verify]
        shown = results[0].content
    else:
        shown = yield from write_and_run(offer, FUNCTION)
        results = yield [verify]
    if "'mean'" not in shown:
        return f"The function does not work: {shown}"
    same = "True" in results[-1].content
    return "summary_of gives the same mean as the cells." if same else "summary_of gives another mean than the cells!"


TESTS = """\
assert slug("Two Words") == "two-words"
assert slug("  edges ") == "edges"
assert slug("") == ""
print("3 tests passed")"""


def add_tests(offer: Offer) -> Policy:
    results = yield [("read_cells", {}), ("get_signature", {"name": "slug"})]
    if "def slug" not in results[0].content:
        return "There is no function slug."
    shown = yield from write_and_run(offer, TESTS)
    return "All 3 tests of slug pass." if "3 tests passed" in shown else f"A test fails: {shown}"


def explain(offer: Offer) -> Policy:
    results = yield [("read_cells", {"ids": ["pairs"]}), ("inspect_variable", {"name": "counts"})]
    cell, counts = data_of(results[0])["cells"][0], data_of(results[1])
    assert "Counter" in cell["source"]
    return f"The cell counts how often each word occurs; `counts` is a {counts['type']} now."


def find_hidden_state(offer: Offer) -> Policy:
    results = yield [("check_notebook", {}), ("inspect_variable", {"name": "rate"}), ("read_cells", {})]
    wanted = data_of(results[0])["run"]
    live = data_of(results[1])["facts"].get("value")
    if not wanted:
        return "I find nothing stale."
    results = yield [("run_cell", {"cell_id": cell_id}) for cell_id in wanted]
    if failure := _failed(results):
        return f"I could not run them: {failure}"
    total = re.search(r"total is (\S+)", "\n".join(result.content for result in results))
    now = total[1] if total else "not printed"
    return f"The kernel still had rate = {live}: the cell was changed after it ran. I ran it again; the total is {now}."


TASKS: Mapping[str, Callable[[Offer], Policy]] = {
    "plot it": clean_and_plot,
    "fails": mend_three_bugs,
    "function": make_function,
    "tests": add_tests,
    "Explain": explain,
    "Why": find_hidden_state,
}
