"""Tables in another form: sorted, filtered, with some columns, pivoted."""

from __future__ import annotations

from jupyter_agent.models.offline.computing import block, computed
from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import figure, name
from jupyter_agent.models.offline.namespace import names_of
from jupyter_agent.models.offline.query import Query, has_table
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _row(query: Query, facts: Facts) -> Answer:
    frame = query.the_frame()
    numbers = (mention.number for mention in query.skeleton.of("NUM"))
    place = next((number for number in numbers if isinstance(number, int)), 0)
    title = f"Row {place} of {name(frame.name)}, counted from 0"

    return computed(
        query,
        facts,
        title,
        lambda language: language.row(place, query.columns),
        lambda found: f"{title}: **{figure(found.number)}**." if found.number is not None else f"{title}:",
    )


def _selected(query: Query, _facts: Facts) -> Answer:
    frame = query.the_frame()
    return [
        f"{names_of(query.columns)} of {name(frame.name)}:",
        block(query, frame, lambda language: language.selected(query.columns)),
    ]


SKILLS = (
    Skill("row", cue(r"row (?:number )?NUM\d+", r"NUM\d+ row"), _row, has_table, weight=67),
    Skill(
        "select columns",
        cue(r"select|only (?:the )?columns?|keep (?:only )?|subset|extract|just (?:the )?(?:columns? )?"),
        _selected,
        lambda query: has_table(query) and bool(query.columns) and not query.conditions and not query.by,
        weight=57,
    ),
)
