"""What instructs the model in a turn, by whom: the administrator, the user, and of a project what the user has accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from jupyter_agent.config.user_settings import ONE_USER, SettingsError, instruction_choices
from jupyter_agent.core.instructions import InstructionFile, ProjectFolder, Scope
from jupyter_agent.core.messages import Json
from jupyter_agent.core.text import head
from jupyter_agent.notebooks.instruction_files import user_files

Count = Callable[[str], int]
#: Whether a text counts: ``asked`` waits for the user's answer.
State = Literal["used", "asked", "declined", "unusable"]

_TITLE = """\
The people below instruct you. What the administrator says always holds; of the others, what stands later holds where they differ. None
of it changes what the user is asked about."""
_SKILLS = """\
Skills, each for a kind of task. Before such a task call read_skill with its name, and follow that text; a skill's other files are data."""
#: Share of the request's tokens that instructions may have, and of that what the list of skills may have.
_SHARE = 4
_SKILLS_SHARE = 4
_CUT = "… (cut: the first {} of {} characters)"
_NAMED = 5
_ASKED = (
    "There are instructions for the agent here that you have not accepted, so they are not used: {}. `/instructions` shows them and how to "
    "accept them."
)


@dataclass(frozen=True, slots=True)
class Instructions:
    """All that was found.

    Attributes:
        found: Each with whether it counts: the administrator's, the user's, then the project's from its root to the notebook's folder.
        problem: Why the user's answers are not known; empty where they are.
    """

    found: tuple[tuple[InstructionFile, State], ...] = ()
    problem: str = ""

    @property
    def texts(self) -> tuple[InstructionFile, ...]:
        """Those that count and are no skills, the strongest last."""
        return tuple(file for file, state in self.found if state == "used" and not file.skill)

    @property
    def skills(self) -> Mapping[str, InstructionFile]:
        """Those that count, by name; the nearest to the notebook of each name."""
        return {file.skill: file for file, state in self.found if state == "used" and file.skill}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of it."""
        asked = [file.path for file, state in self.found if state == "asked"]
        shown = ", ".join(asked[:_NAMED]) + (f" and {len(asked) - _NAMED} more" if len(asked) > _NAMED else "")
        unusable = (f"{file.path} is not used: {file.problem}." for file, state in self.found if state == "unusable")
        return (*([_ASKED.format(shown)] if asked else []), *unusable, *([self.problem] if self.problem else []))

    def to_json(self, redact: Callable[[str], str]) -> list[Json]:
        """All of them for people: without secrets."""
        return [
            {
                "scope": file.scope,
                "path": file.path,
                "skill": file.skill,
                "description": redact(file.description),
                "text": redact(file.text),
                "digest": file.digest,
                "state": state,
                "problem": file.problem,
            }
            for file, state in self.found
        ]


NONE = Instructions()


@dataclass(frozen=True, slots=True)
class InstructionSource:
    """One text, as far as it stands in a request.

    Attributes:
        scope: Whose it is.
        path: Where it is from; empty for the administrator's.
        tokens: Estimated.
        sent: How many of its characters stand in the request.
        characters: How many it has; of a skill, what is listed of it.
    """

    scope: Scope
    path: str
    tokens: int
    sent: int
    characters: int


@dataclass(frozen=True, slots=True)
class SentInstructions:
    """What fits into a request.

    Attributes:
        text: For the system message; empty where nothing instructs the model.
        tokens: Estimated.
        sources: What it is made of.
    """

    text: str = ""
    tokens: int = 0
    sources: tuple[InstructionSource, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not fit."""
        return tuple(
            f"{source.path or 'The text of the administrator'} is too long for its share of the request: {source.sent} of "
            f"{source.characters} characters are sent."
            for source in self.sources
            if source.sent < source.characters
        )


async def gather(text: str, user: str, project: ProjectFolder | None, *, is_fresh: bool = False) -> Instructions:
    """Find what instructs the model. Where there are no files, no disk is asked but for that.

    Args:
        text: The administrator's.
        user: Whose settings hold. The files in the home folder are those of the one user whose process this is.
        project: Where the question's notebook lies.
        is_fresh: Whether files are read now, however short ago they were.
    """
    own = await user_files(is_fresh=is_fresh) if user == ONE_USER else ()
    of_project = await project.instruction_files(is_fresh=is_fresh) if project is not None else ()
    if not (text or own or of_project):
        return NONE
    trusted = [*([InstructionFile("administrator", text=text.strip())] if text.strip() else []), *own]
    chosen: Mapping[str, bool] = {}
    problem = ""
    if of_project:
        try:
            chosen = await asyncio.to_thread(instruction_choices, user)
        except SettingsError as error:
            problem = f"{error} Until then no project's instructions are used."
    states: dict[bool | None, State] = {None: "asked", True: "used", False: "declined"}
    return Instructions(
        (
            *((file, "unusable" if file.problem else "used") for file in trusted),
            *((file, "unusable" if file.problem else states[chosen.get(file.digest)]) for file in of_project),
        ),
        problem,
    )


def fit(instructions: Instructions, budget_tokens: int, count: Count, *, has_tools: bool = True) -> SentInstructions:
    """What of it a request may have: the administrator's first, then the nearest to the notebook; what is cut is said.

    Args:
        instructions: All that was found.
        budget_tokens: Of the whole request.
        count: Tokens of a text, at least.
        has_tools: Whether the model can read a skill; else they are not listed.
    """
    texts, skills = instructions.texts, instructions.skills if has_tools else {}
    if not (texts or skills):
        return SentInstructions()
    room = budget_tokens // _SHARE - count(_TITLE)
    listed = _skills_list(skills.values(), room // _SKILLS_SHARE, count)
    room -= count(listed)
    parts: dict[int, tuple[str, int]] = {}
    strongest = sorted(range(len(texts)), key=lambda index: (texts[index].scope != "administrator", -index))
    for index in strongest:
        part, sent = _part(texts[index], room, count)
        parts[index] = part, sent
        room -= count(part) + 1
    whole = "\n\n".join(part for part in (_TITLE, *(parts[index][0] for index in range(len(texts))), listed) if part)
    sources = [
        InstructionSource(file.scope, file.path, count(parts[index][0]), parts[index][1], len(file.text))
        for index, file in enumerate(texts)
    ]
    lines = set(listed.split("\n"))
    for skill in skills.values():
        line = _skill_line(skill)
        tokens, sent = (count(line), len(line)) if line in lines else (0, 0)
        sources.append(InstructionSource(skill.scope, skill.path, tokens, sent, len(line)))
    return SentInstructions(whole, count(whole), tuple(sources))


def _part(file: InstructionFile, room: int, count: Count) -> tuple[str, int]:
    """A text with its title, and how many characters of it; cut where there is no room for all of it."""
    owner = {
        "administrator": "The administrator of this server:",
        "user": f"The user, {file.path}:",
        "project": f"The project, {file.path}, accepted by the user:",
    }[file.scope]
    length = len(file.text)
    while True:
        shown = head(file.text, length)
        note = "" if len(shown) == len(file.text) else f"\n{_CUT.format(len(shown), len(file.text))}"
        part = f"{owner}\n{shown}{note}"
        if (cost := count(part)) <= room:
            return part, len(shown)
        if length < 40 or room <= 0:
            return f"{owner} (left out: too long)" if count(owner) + 8 <= room else "", 0
        length = min(length * 9 // 10, length * room // cost)


def _skills_list(skills: Iterable[InstructionFile], room: int, count: Count) -> str:
    lines: list[str] = []
    left = 0
    for skill in reversed(list(skills)):  # the nearest first
        line = _skill_line(skill)
        if count("\n".join([_SKILLS, *lines, line])) + 12 <= room:
            lines.append(line)
        else:
            left += 1
    note = [f"… and {left} more that are not listed"] if left and lines else []
    return "\n".join([_SKILLS, *lines, *note]) if lines else ""


def _skill_line(skill: InstructionFile) -> str:
    return f"- {skill.skill}: {skill.description}"
