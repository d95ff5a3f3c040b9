"""`%agent` and `%%agent`: a thin client of the Jupyter server, or of an assistant in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import completer, input_transform
from .errors import AgentFailed

if TYPE_CHECKING:
    from .instructions import InstructionsCommand
    from .options import Options
    from .reply import Reply
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
    ip: Any, options: Mapping[str, Any] | None = None, *, make_client: Callable[[], AgentClient] | None = None
) -> None:
    """Give an IPython shell its `%agent` and `%%agent`.

    Args:
        ip: The shell.
        options: What whoever installs us knows: ``url``, ``token``, ``kernel_id``; all may be missing.
        make_client: For when there is no server; a magic that has one, or is not ours, is not replaced by one that has not.
    """
    from IPython.core.magic import no_var_expand

    registered = ip.find_line_magic("agent")
    loaded: Any = getattr(registered, "__self__", None)
    is_replaceable = registered is None or (hasattr(loaded, "make_client") and loaded.make_client is None)
    if make_client is None and not is_replaceable:
        return
    magic = AgentMagic(ip, options or {}, make_client)
    no_var_expand(AgentMagic.agent)
    ip.register_magic_function(magic.agent, "line_cell", "agent")
    input_transform.install(ip)
    completer.install(ip)


def unload(ip: Any) -> None:
    """Take the magics away again, and close the client that they had opened."""
    magic = getattr(ip.find_line_magic("agent"), "__self__", None)
    if isinstance(magic, AgentMagic):
        magic.close()
    completer.uninstall(ip)
    for kind in ("line", "cell"):
        ip.magics_manager.magics[kind].pop("agent", None)


class AgentMagic:
    """The two magics of one shell, and what they remember between questions: the chosen model."""

    def __init__(self, ip: Any, options: Mapping[str, Any], make_client: Callable[[], AgentClient] | None) -> None:
        self._ip = ip
        self._options = options
        self.make_client = make_client
        self._in_process_client: AgentClient | None = None
        self._http_client: AgentClient | None = None
        self._chosen_model = ""
        self._instructions: InstructionsCommand | None = None

    def agent(self, line: str, cell: str | None = None) -> None:
        """Ask the assistant that knows this notebook. `%agent` alone shows what can be typed."""
        from . import commands, options  # here, as below: nothing is loaded before it is needed
        from .reply import start
        from .turn import AgentRequest, TurnView

        try:
            chosen, text = options.parse(line)
            text = text if cell is None else f"{text}\n{cell}".strip()
            command = commands.parse(text)
        except (options.BadOption, commands.UnknownCommand) as error:
            raise AgentFailed(str(error)) from None
        name, rest = command or ("", "")
        question = commands.question(name, rest) if command else text
        # Code of an answer that asks again would wait for itself for ever.
        if getattr(_running, "asking", False):
            raise AgentFailed("an answer's code cannot ask %agent again.")
        _running.asking = True
        try:
            if not text or name == "help":
                print(HELP + "\n".join(f"    {line}" for line in commands.table().splitlines()))
            elif question:
                model = chosen.model or self._chosen_model
                request = AgentRequest(question, chosen.session, model, chosen.approval, chosen.run)
                TurnView(self._ip, self._client(), chosen).run(request)
            else:
                reply = start(self._ip, "markdown")
                try:
                    reply.text(self._command_output(chosen, name, rest, reply))
                finally:
                    reply.finish()
        finally:
            _running.asking = False

    def close(self) -> None:
        """Close the client of this process, if it was opened."""
        if self._in_process_client is not None:
            self._in_process_client.close()
            self._in_process_client = None

    def _command_output(self, chosen: Options, name: str, rest: str, reply: Reply) -> str:
        """What a command shows that asks no model, in Markdown."""
        from ..introspection import Introspector
        from ..tracker.tracker import Tracker
        from . import session_commands, tables
        from .turn import AgentRequest

        if name in session_commands.NAMES:
            problem = session_commands.usage_error(name, rest)
            if problem:
                raise AgentFailed(problem)
            if name == "replay":
                reply.status("asking the questions again…")
            elif name == "delete":
                return self._readable(self._delete(chosen))
            answer = self._client().session_command(chosen.session, name, rest)
            markdown = session_commands.to_markdown(name, rest, answer)
            return self._readable(markdown) if name in session_commands.NOTES else markdown
        if name == "vars":
            introspector = Introspector(Tracker(self._ip))
            if rest:
                return tables.variable_facts(introspector.inspect(rest, None))
            return tables.variables_list(introspector.state("", 0))
        if name == "exit":
            return self._readable("*There is nothing to end here: the next cell is yours.*")
        if name == "model" and rest:
            self._chosen_model = rest
            return self._readable(f"*Questions go to `{rest}` from now on.*")
        client = self._client()
        if name == "history":
            entries = client.history(chosen.session, int(rest) if rest.isdecimal() else 10)
            shown = [
                f"**You:** {entry.get('content', '')}" if entry.get("role") == "user" else str(entry.get("content", ""))
                for entry in entries
                if entry.get("role") in ("user", "assistant")
            ]
            return "\n\n".join(shown) or self._readable(f"*{session_commands.NO_TURNS}*")
        if name == "doctor":
            return client.doctor()
        if name == "context":
            query, model = rest or tables.NO_QUESTION, chosen.model or self._chosen_model
            return tables.context_report(client.context(AgentRequest(query, chosen.session, model, chosen.approval)))
        if name == "instructions":
            from .instructions import InstructionsCommand

            self._instructions = self._instructions or InstructionsCommand()
            try:
                return self._instructions.to_markdown(client.instructions(self._instructions.chosen(rest)))
            except ValueError as error:
                raise AgentFailed(str(error)) from None
        names = tables.models_list(client.models(), self._chosen_model)
        return f"{names}\n\n*`%agent /model NAME` chooses another, `%agent -m NAME …` one for a single question.*"

    def _delete(self, chosen: Options) -> str:
        """Delete the current conversation after asking; what came of it, in Markdown."""
        import builtins

        from . import session_commands
        from .reply import front_end
        from .turn import discard_typed

        client = self._client()
        session = client.session_command(chosen.session, session_commands.CURRENT, "")
        if not session:
            return f"*{session_commands.NO_TURNS}*"
        if not front_end(self._ip).can_ask:
            return session_commands.NOBODY_TO_ASK
        discard_typed()
        typed = builtins.input(session_commands.deletion_question(session)).strip().lower()
        if typed not in ("y", "yes"):
            return session_commands.NOT_DELETED
        session_id = str(session["session_id"])
        return session_commands.to_markdown("delete", "", client.session_command(session_id, "delete", ""))

    def _readable(self, note: str) -> str:
        """A note of ours, without its emphasis where Markdown is not rendered."""
        from .reply import front_end, without_emphasis

        return note if front_end(self._ip).shows_markdown else without_emphasis(note)

    def _client(self) -> AgentClient:
        """The server's when it is there and has the extension, else the process's own."""
        if self._http_client is None:
            from ..client import server_info
            from ..client.agent_client import HttpAgentClient
            from ..client.http import HttpClient

            address = server_info.server(self._options, self._ip)
            try:
                client = HttpClient(address) if address is not None else None
                if client is not None and client.has_extension():
                    self._http_client = HttpAgentClient(client, server_info.kernel_id(self._options, self._ip))
            except AgentFailed:
                if self.make_client is None:
                    raise
        if self._http_client is not None:
            return self._http_client
        if self._in_process_client is None:
            if self.make_client is None:
                raise AgentFailed(NO_SERVER)
            self._in_process_client = self.make_client()
        return self._in_process_client
