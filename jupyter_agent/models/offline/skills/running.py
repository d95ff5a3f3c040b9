"""``run it``: the code of the answer before, run in the kernel."""

from __future__ import annotations

from jupyter_agent.models.offline.facts import Facts
from jupyter_agent.models.offline.markdown import fence, python
from jupyter_agent.models.offline.query import Query
from jupyter_agent.models.offline.results import result
from jupyter_agent.models.offline.skill import Answer, Skill, cue


def _run(_query: Query, facts: Facts) -> Answer:
    code = facts.conversation.code
    if not code:
        return ["There is no code in my last answer to run. Ask for something first."]
    ran = facts.run(code)
    match ran.status:
        case "ok":
            return ["Done:", *result(ran.text).blocks()] if ran.text.strip() else ["Done; it displayed nothing."]
        case "failed":
            return ["It failed:", fence("\n".join(ran.text.strip().splitlines()[-8:]))]
        case "refused":
            return [
                "It was not run, because that was not approved. Insert it into a cell to run it yourself:",
                python(code),
            ]
    return ["It cannot be run from here. Insert it into a cell to run it yourself:", python(code)]


SKILLS = (
    Skill(
        "run",
        cue(
            r"^(?:please |ok |okay |yes |now |and |can you |could you |then )*(?:run|execute|do|try|apply)(?: (?:it|this|that|the code|the cell|this code|that code|them))(?: now| please| for me)?[ .!?]*$",
            r"^(?:run|execute)[ .!?]*$",
        ),
        _run,
        lambda query: not query.mentions,
        weight=95,
        repeats=False,
    ),
)
