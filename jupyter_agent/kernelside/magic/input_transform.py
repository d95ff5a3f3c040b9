"""Keeps IPython's own syntax (`?`, `!`, prompts, brackets) away from the text after `%agent`."""

from __future__ import annotations

import re
from typing import Any

_CELL = re.compile(r"%%agent(?:[ \t](?P<line>.*))?\Z")
_LINE = re.compile(r"(?P<indent>\s*)%agent(?:[ \t]+(?P<text>.*?))?\s*\Z", re.DOTALL)


def install(ip: Any) -> None:
    """Teach an IPython shell to pass the text after `%agent` and `%%agent` on unchanged; idempotent."""
    from IPython.core.inputtransformer2 import TokenTransformBase

    manager = ip.input_transformer_manager
    if getattr(manager, "_jupyter_agent", False):
        return

    class AgentLine(TokenTransformBase):
        """`%agent` and a space at the beginning of a logical line: `%agent?` stays IPython's own help."""

        priority = 1  # before the one for a `?` at the end of the line

        @classmethod
        def find(cls, tokens_by_line: list[list[Any]]) -> Any:
            for tokens in tokens_by_line:
                words = [token for token in tokens if token.string.strip() or token.type == 0][:2]
                if [word.string for word in words] != ["%", "agent"]:
                    continue
                percent, name = words
                after = name.line[name.end[1] : name.end[1] + 1]
                starts_line = not percent.line[: percent.start[1]].strip()
                if starts_line and percent.end == name.start and (not after or after.isspace()):
                    return cls(percent.start)
            return None

        def transform(self, lines: list[str]) -> list[str]:
            match = _LINE.match(lines[self.start_line])
            if match is None:
                raise SyntaxError("not an %agent line")
            call = f"{match['indent']}get_ipython().run_line_magic('agent', {match['text'] or ''!r})\n"
            return [*lines[: self.start_line], call, *lines[self.start_line + 1 :]]

    manager._jupyter_agent = True
    manager.cleanup_transforms.insert(0, whole_cell)
    manager.token_transformers.insert(0, AgentLine)


def whole_cell(lines: list[str]) -> list[str]:
    """A cell that is one `%%agent` as a call, before anything takes prompts or indents out of its body."""
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    match = None if start is None else _CELL.match(lines[start].rstrip())
    if start is None or match is None:
        return lines
    body = "".join(lines[start + 1 :])
    return [f"get_ipython().run_cell_magic('agent', {(match['line'] or '').strip()!r}, {body!r})\n"]


# A terminal asks "is this cell complete?" of the cleaned lines: it must still see the `%%`, which ends with a blank line.
whole_cell.has_side_effects = True  # type: ignore[attr-defined]
