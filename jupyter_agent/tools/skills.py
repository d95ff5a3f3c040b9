"""The tool that reads a skill: instructions for a kind of task, and the files that come with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jupyter_agent.core.errors import NotFound
from jupyter_agent.core.instructions import READ_SKILL, SKILL_FILE
from jupyter_agent.core.messages import Effect
from jupyter_agent.core.protocols import ToolContext, ToolOutput, ToolSpec
from jupyter_agent.tools.requirements import object_schema


class ReadSkill:
    """The text of a skill as the user has accepted it, or another file of it."""

    effect: ClassVar[Effect] = "read"
    spec: ClassVar[ToolSpec] = ToolSpec(
        READ_SKILL,
        "Read a skill before a task of its kind, or another file of it.",
        object_schema(
            {
                "name": {"type": "string", "description": "As it is listed."},
                "file": {"type": "string", "description": f"Relative to the skill's folder; {SKILL_FILE} if missing."},
            },
            "name",
        ),
        title="Read skill",
        icon="ui-components:file",
    )

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Its text is that of the turn's beginning: what was accepted, whatever the file is now."""
        name, file = str(arguments["name"]), str(arguments.get("file") or SKILL_FILE)
        skill = context.skills.get(name)
        if skill is None:
            known = ", ".join(context.skills) or "none"
            raise NotFound(f"There is no skill of that name here. There are: {known}.")
        if file.removeprefix("./") == SKILL_FILE:
            return ToolOutput.from_data({"skill": name, "instructions": skill.text})
        if skill.read_file is None:
            raise NotFound("This skill has no other files.")
        return ToolOutput.from_data({"skill": name, "file": file, "data": await skill.read_file(file)})
