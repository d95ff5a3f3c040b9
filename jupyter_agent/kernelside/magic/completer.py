"""Lets Tab complete what stands after `%agent` in an IPython shell, in its terminal and in every front end."""

from __future__ import annotations

from typing import Any

_IDENTIFIER = "jupyter-agent"


def install(ip: Any) -> None:
    """Let Tab complete questions; idempotent. Shells before IPython 8.6 complete as they always did."""
    try:
        from IPython.core.completer import context_matcher
    except ImportError:
        return
    uninstall(ip)

    @context_matcher(identifier=_IDENTIFIER, priority=1.0)  # type: ignore[untyped-decorator]
    def agent_matcher(context: Any) -> dict[str, Any]:
        if "%agent" not in context.full_text:
            return {"completions": []}
        from IPython.core.completer import SimpleCompletion

        from . import completion

        lines = context.full_text.split("\n")[: context.cursor_line + 1]
        before = "\n".join([*lines[:-1], lines[-1][: context.cursor_position]])
        found = completion.in_cell(before, completion.of_shell(ip))
        if found is None:
            return {"completions": []}
        # Where there is nothing, what stands there already: else others would look for Python in the question, and ask
        # the user's objects for their attributes.
        completions = [SimpleCompletion(text, type="agent") for text in found.texts or [found.fragment]]
        return {"completions": completions, "matched_fragment": found.fragment, "suppress": True, "ordered": True}

    ip.Completer.custom_matchers.append(agent_matcher)


def uninstall(ip: Any) -> None:
    """Take it back."""
    matchers = getattr(getattr(ip, "Completer", None), "custom_matchers", [])
    matchers[:] = [matcher for matcher in matchers if getattr(matcher, "matcher_identifier", "") != _IDENTIFIER]
