"""`/instructions`: what instructs the agent here, and the user's answer to what a project brings along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..fences import fenced
from ..hidden_characters import spelled_out

USAGE = "Usage: `/instructions`, then `/instructions use N` or `/instructions ignore N` with a number that it shows."
_ANSWER = re.compile(r"(?P<verb>use|ignore)\s+(?P<number>\d{1,3})\Z")
_STATES = {
    "used": "used",
    "asked": "**not used: waits for your answer**",
    "declined": "not used: you did not want it",
    "unusable": "not used",
}
_OWNERS = {"administrator": "the administrator", "user": "you", "project": "the project"}


class InstructionsCommand:
    """What was shown last, since only that can be answered: a text is accepted as it was read."""

    def __init__(self) -> None:
        self._shown: list[str] = []

    def chosen(self, rest: str) -> tuple[str, bool] | None:
        """The digest of the text that the user answers, and whether they want it; None where they want to read.

        Raises:
            ValueError: what they typed is no answer; the message says what is.
        """
        if not rest:
            return None
        match = _ANSWER.match(rest.strip())
        if match is None:
            raise ValueError(USAGE)
        number = int(match["number"])
        if not 1 <= number <= len(self._shown):
            raise ValueError(f"No text was shown under that number here. {USAGE}")
        return self._shown[number - 1], match["verb"] == "use"

    def to_markdown(self, reply: Mapping[str, Any]) -> str:
        """All that was found, with the whole text of what waits for an answer."""
        self._shown = []
        found = [entry for entry in reply.get("instructions") or () if isinstance(entry, dict)]
        parts = [self._entry(entry) for entry in found]
        if not parts:
            parts = ["There are no instructions for the agent here."]
        path = reply.get("user_path")
        where = f"Your own go into `{path}`; a project's" if path else "A project's"
        parts.append(
            f"{where} into `AGENTS.md` next to the notebook or above it, skills into `.agents/skills/NAME/SKILL.md`."
        )
        return "\n\n".join(parts)

    def _entry(self, entry: Mapping[str, Any]) -> str:
        scope, state, skill = str(entry.get("scope")), str(entry.get("state")), str(entry.get("skill") or "")
        path = str(entry.get("path") or "").replace("`", "'")
        name = f"`{path}`" if path else "The text in the configuration"
        title = (
            f"{name}, of {_OWNERS.get(scope, scope)}{f', skill {skill}' if skill else ''}: {_STATES.get(state, state)}"
        )
        if entry.get("problem"):
            return f"- {title} ({entry['problem']})"
        if scope != "project":
            return f"- {title}"
        self._shown.append(str(entry.get("digest")))
        number = len(self._shown)
        other = "ignore" if state == "used" else "use"
        if state != "asked":
            return f"- {title}; `/instructions {other} {number}` changes that"
        how = f"`/instructions use {number}` accepts it as it is, `/instructions ignore {number}` does not."
        return f"- {title}. {how}\n\n{fenced(spelled_out(str(entry.get('text'))), 'markdown')}"
