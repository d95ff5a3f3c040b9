"""`%agent` and `%%agent`: a thin client of the Jupyter server, or of whatever else it is given as a door."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import completer, input_transform
from .errors import AgentFailed

if TYPE_CHECKING:
    from .options import Options
    from .turn import AgentClient

NO_SERVER = (
    "no Jupyter server with jupyter-agent was found from here. `%load_ext jupyter_agent` answers without one; "
    "`pip install jupyter-notebook-agent` where the server runs gives it the assistant."
)
HELP = """\
Ask about what is in this kernel:

    %agent what columns does df have?
    %%agent -f code
    plot sales by month,
    one line for each region

Options stand before the question:

    -m MODEL     which model answers          -f markdown|code|json   what is shown
    -s SESSION   another conversation         --cell                  code into the next cell
    --run        run the answer's code        --approve read-only|ask|auto-edit|auto

@name brings a variable in full, @name.column a column, @cell:3 a cell, @error the last error.

Commands:

"""

_running = threading.local()


def load(
    ip: Any, options_given: Mapping[str, Any] | None = None, *, make_client: Callable[[], AgentClient] | None = None
) -> None:
    """Give an IPython shell its `%agent` and `%%agent`.

    Args:
        ip: The shell.
        options_given: What whoever installs us knows: ``url``, ``token``, ``kernel_id``; all may be missing.
        make_client: Makes the door for when there is no server; a magic that has one is not replaced by one that has not.
    """
    from IPython.core.magic import no_var_expand

    if make_client is None and _is_kept(ip.find_line_magic("agent")):
        return
    magic = Magic(ip, options_given or {}, make_client)
    no_var_expand(Magic.agent)
    ip.register_magic_function(magic.agent, "line_cell", "agent")
    input_transform.install(ip)
    completer.install(ip)


def _is_kept(registered: Any) -> bool:
    """Whether a magic of that name is somebody else's, or ours with more to offer."""
    magic: Any = getattr(registered, "__self__", None)
    return registered is not None and (not hasattr(magic, "make_client") or magic.make_client is not None)


def unload(ip: Any) -> None:
    """Take the magics away again, and close the door they had opened."""
    magic = getattr(ip.find_line_magic("agent"), "__self__", None)
    if isinstance(magic, Magic):
        magic.close()
    completer.uninstall(ip)
    for kind in ("line", "cell"):
        ip.magics_manager.magics[kind].pop("agent", None)


class Magic:
    """The two magics of one shell, and what they remember between questions: the chosen model."""

    def __init__(
        self, ip: Any, options_given: Mapping[str, Any], make_client: Callable[[], AgentClient] | None
    ) -> None:
        self._ip = ip
        self._options_given = options_given
        self.make_client = make_client
        self._in_process: AgentClient | None = None
        self._http: AgentClient | None = None
        self._chosen_model = ""

    def agent(self, line: str, cell: str | None = None) -> None:
        """Ask the assistant that knows this notebook. `%agent` alone shows what can be typed."""
        from . import commands, options, session_commands  # here, as below: nothing is loaded before it is needed

        try:
            chosen, text = options.parse(line)
            text = text if cell is None else f"{text}\n{cell}".strip()
            command = commands.parse(text, (commands.EXIT,))
        except (options.BadOption, commands.UnknownCommand) as error:
            raise AgentFailed(str(error)) from None
        with _not_nested():
            if not text:
                self._help(chosen, "")
            elif command is None or commands.question(*command, (commands.EXIT,)):
                self._ask(chosen, commands.question(*command) if command else text)
            elif command[0] in session_commands.NAMES:
                self._run_session_command(chosen, *command)
            else:
                getattr(self, f"_{command[0]}")(chosen, command[1])  # the table of commands names them

    def close(self) -> None:
        """Close the door of this process, if it was opened."""
        if self._in_process is not None:
            self._in_process.close()
            self._in_process = None

    def _ask(self, chosen: Options, query: str) -> None:
        from .turn import AgentRequest, TurnView

        ask = AgentRequest(query, chosen.session, chosen.model or self._chosen_model, chosen.approval)
        TurnView(self._ip, self._agent_client(), chosen).run(ask)

    def _help(self, _chosen: Options, _rest: str) -> None:
        from . import commands

        print(HELP + _indented(commands.table()))

    def _exit(self, _chosen: Options, _rest: str) -> None:
        self._note("*There is nothing to end here: the next cell is yours.*")

    def _history(self, chosen: Options, rest: str) -> None:
        turns = int(rest) if rest.isdigit() else 10
        entries = self._agent_client().history(chosen.session, turns)
        entries_shown = "\n\n".join(_entry(entry) for entry in entries if entry.get("role") in ("user", "assistant"))
        self._show(entries_shown or self._readable("*Nothing has been said in this conversation yet.*"))

    def _clear(self, chosen: Options, _rest: str) -> None:
        there_was = self._agent_client().clear(chosen.session)
        self._note("*The conversation was cleared.*" if there_was else "*There was no conversation to clear.*")

    def _run_session_command(self, chosen: Options, name: str, rest: str) -> None:
        from . import session_commands
        from .reply import shown

        problem = session_commands.usage_error(name, rest)
        if problem:
            raise AgentFailed(problem)
        with shown(self._ip) as reply:
            if name == "replay":
                reply.status("asking the questions again…")
            markdown = session_commands.to_markdown(
                name, rest, self._agent_client().session_command(chosen.session, name, rest)
            )
            reply.text(self._readable(markdown) if name in session_commands.NOTES else markdown)

    def _vars(self, _chosen: Options, rest: str) -> None:
        from .. import inspect, state
        from . import tables

        self._show(
            tables.variable_facts(inspect(self._ip, rest)) if rest else tables.variables_list(state(self._ip, "", 0))
        )

    def _doctor(self, _chosen: Options, _rest: str) -> None:
        self._show(self._agent_client().doctor())

    def _context(self, chosen: Options, rest: str) -> None:
        from . import tables
        from .turn import AgentRequest

        ask = AgentRequest(
            rest or tables.NO_QUESTION, chosen.session, chosen.model or self._chosen_model, chosen.approval
        )
        self._show(tables.context_report(self._agent_client().context(ask)))

    def _model(self, _chosen: Options, rest: str) -> None:
        if rest:
            self._chosen_model = rest
            self._note(f"*Questions go to `{rest}` from now on.*")
            return
        from . import tables

        names = tables.models_list(self._agent_client().models(), self._chosen_model)
        self._show(f"{names}\n\n*`%agent /model NAME` chooses another, `%agent -m NAME …` one for a single question.*")

    def _show(self, markdown: str) -> None:
        from .reply import shown

        with shown(self._ip) as reply:
            reply.text(markdown)

    def _note(self, markdown: str) -> None:
        self._show(self._readable(markdown))

    def _readable(self, note: str) -> str:
        from .reply import shows_markdown, without_emphasis

        return note if shows_markdown(self._ip) else without_emphasis(note)

    def _agent_client(self) -> AgentClient:
        """The server when it is there and has the extension, else the process's own."""
        if self._http is None:
            try:
                self._http = self._http_client()
            except AgentFailed:
                if self.make_client is None:
                    raise
        return self._http or self._in_process_client()

    def _http_client(self) -> AgentClient | None:
        from ..client import server_info
        from ..client.agent_client import HttpAgentClient
        from ..client.http import HttpClient

        address = server_info.server(self._options_given, self._ip)
        if address is None:
            return None
        client = HttpClient(address)
        return (
            HttpAgentClient(client, server_info.kernel_id(self._options_given, self._ip))
            if client.has_extension()
            else None
        )

    def _in_process_client(self) -> AgentClient:
        if self.make_client is None:
            raise AgentFailed(NO_SERVER)
        if self._in_process is None:
            self._in_process = self.make_client()
        return self._in_process


@contextmanager
def _not_nested() -> Iterator[None]:
    """Code of an answer that asks again would wait for itself for ever."""
    if getattr(_running, "asking", False):
        raise AgentFailed("an answer's code cannot ask %agent again.")
    _running.asking = True
    try:
        yield
    finally:
        _running.asking = False


def _entry(entry: Mapping[str, Any]) -> str:
    text = str(entry.get("content", ""))
    return f"**You:** {text}" if entry.get("role") == "user" else text


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
