"""Whatever the kernel, the cells and the question are: within the budget, the same again, and without secrets."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_agent.core.kernel_state import Cell, Execution, ExecutionError, Frame, KernelState, Variable
from jupyter_agent.core.tokens import estimate_tokens
from jupyter_agent.prompt import context, request
from jupyter_agent.prompt.attachments import Attachment
from jupyter_agent.prompt.snapshot import TurnContext
from jupyter_agent.redaction.redactor import Redactor

SECRETS = (
    "sk-proj-Qm3xTz81LbVw4NcYd7RkPf2HsJ6",
    "ghp_Qm3xTz81LbVw4NcYd7RkPf2HsJ6aB5eG90uI",
    "hf_Qm3xTz81LbVw4NcYd7RkPf2HsJ6aB5eG",
    "postgresql://bob:Qm3xTz81LbVw@db/x",
    "environment-Qm3xTz81LbVw",
)
CORE = "Qm3xTz81LbVw"
PLAIN = st.text(st.sampled_from("ab_ .\n\"'`<>{}=:0é漢🙂\t"), max_size=40)
TEXT = PLAIN | st.tuples(PLAIN, st.sampled_from(SECRETS), PLAIN).map(" ".join)
NAME = st.sampled_from(["df", "x", "total", "clean", "password", "naïve", "a" * 200])
COLUMN = st.fixed_dictionaries({"name": TEXT, "dtype": st.just("str"), "samples": st.lists(TEXT, max_size=2)})
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.lists(COLUMN, max_size=6),
        "items": st.dictionaries(TEXT, TEXT, max_size=3) | st.lists(TEXT, max_size=3),
        "keys": st.lists(TEXT, max_size=5),
        "value": TEXT,
        "doc": TEXT,
        "signature": TEXT,
        "samples": st.lists(TEXT, max_size=3),
    },
)
KIND = st.sampled_from(["frame", "series", "mapping", "function", "class", "module", "object", "text"])
VARIABLE = st.builds(Variable, NAME, st.just("T"), KIND, TEXT, FACTS, st.integers(0, 5))
FRAME = st.builds(Frame, NAME, st.integers(0, 9), TEXT, variables=st.dictionaries(NAME, TEXT, max_size=3))
ERROR = st.builds(ExecutionError, st.just("ValueError"), TEXT, st.lists(FRAME, max_size=2).map(tuple))
RUN = st.builds(
    Execution, st.integers(1, 9), st.none(), st.just(""), TEXT, st.just("error"), st.just(1.0), error=st.none() | ERROR
)
STATE = st.builds(
    lambda variables, runs, stale: KernelState(
        "k",
        "e",
        1,
        {variable.name: variable for variable in variables},
        executions=tuple(runs),
        total=len(variables),
        stale=stale,
    ),
    st.lists(VARIABLE, max_size=7),
    st.lists(RUN, max_size=2),
    st.sampled_from(["", "the kernel is busy"]),
)
CELL = st.builds(
    Cell, st.sampled_from("abcdef"), st.sampled_from(["code", "markdown"]), TEXT, st.integers(1, 9), TEXT, TEXT
)
CELLS = st.lists(CELL, max_size=6, unique_by=lambda item: item.id).map(tuple)
ATTACHED = st.lists(st.builds(Attachment, TEXT, st.lists(TEXT, max_size=5).map(tuple)), max_size=3)
CHANGED = st.lists(NAME, max_size=3).map(tuple)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT, st.none() | STATE, CELLS, CHANGED, st.integers(0, 3000))
def test_any_context_is_within_its_budget_and_the_same_again(
    question: str, state: KernelState | None, cells: tuple[Cell, ...], changed: tuple[str, ...], budget: int
) -> None:
    first, again = (
        context.build(question, state, cells, changed=changed, budget_tokens=budget, count=estimate_tokens)
        for _ in range(2)
    )
    assert estimate_tokens(first.text) <= budget
    assert first == again


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(TEXT, STATE, CELLS, ATTACHED, CHANGED, st.integers(500, 8000))
def test_P1_P2_no_request_has_a_secret_and_each_is_within_its_budget(  # noqa: PLR0917 - one for each source
    question: str,
    state: KernelState,
    cells: tuple[Cell, ...],
    attached: list[Attachment],
    changed: tuple[str, ...],
    budget: int,
) -> None:
    redactor = Redactor(["environment-Qm3xTz81LbVw"])
    built = [
        request.build(
            question,
            TurnContext(state=state, cells=cells, changed=changed),
            attached,
            active_cell_id=None,
            budget_tokens=budget,
            mark="context-1",
            redactor=redactor,
            count=estimate_tokens,
        )
        for _ in range(2)
    ]
    assert built[0] == built[1]
    assert CORE not in str(built[0].messages)
    assert built[0].tokens is not None
    assert (
        sum(built[0].tokens.values()) - built[0].tokens["question"] <= budget + 8
    )  # each part is rounded up by itself
