"""Texts in which people instruct the agent: the administrator's, the user's, a project's; and skills, which are read when needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from jupyter_agent.core.text import sha256_hex

Scope = Literal["administrator", "user", "project"]
#: The tool that reads a skill; offered only where there is one.
READ_SKILL = "read_skill"
#: The file with which a skill begins.
SKILL_FILE = "SKILL.md"


@dataclass(frozen=True, slots=True)
class InstructionFile:
    """A text that instructs the agent, as it was read.

    Attributes:
        scope: Whose it is.
        path: As people are shown it: below the project's root, or from the home folder; empty for the administrator's.
        text: All of it; empty where it cannot be used.
        skill: The skill's name, of which it is the first file; empty where it is none.
        description: What the skill is for, in one line.
        problem: Why it cannot be used; empty where it can.
        read_file: Reads another file of the skill, by its path relative to the skill's folder.
    """

    scope: Scope
    path: str = ""
    text: str = ""
    skill: str = ""
    description: str = ""
    problem: str = ""
    read_file: Callable[[str], Awaitable[str]] | None = field(default=None, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what a user accepts: the text, and whether it is a skill."""
        return sha256_hex(f"{'skill' if self.skill else 'instructions'}\n{self.text}")


class ProjectFolder(Protocol):
    """Where a question's notebook lies, with the folders above it up to the project's root."""

    async def instruction_files(self, *, is_fresh: bool = False) -> tuple[InstructionFile, ...]:
        """The ``AGENTS.md`` files, the nearest to the notebook last; then skills, the nearest last.

        Args:
            is_fresh: Whether they are read now, however short ago they were.
        """
