"""Every option once (traitlets), with its environment variable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from copy import copy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path, jupyter_data_dir
from traitlets import Bool, Dict, Enum, Float, Int, List, TraitError, Unicode, default, validate
from traitlets.config import Application, Config, Configurable

from jupyter_agent.config import model_options
from jupyter_agent.config.endpoints import Endpoint
from jupyter_agent.config.policy import APPROVALS, OFFLINE, Policy, lower, read_policy

#: Names without the prefix, for those who know them from elsewhere.
_ALSO = {
    "session_max_age_hours": "SESSION_MAX_AGE_HOURS",
    "session_max_concurrent": "SESSION_MAX_CONCURRENT",
    "session_history_limit": "SESSION_HISTORY_LIMIT",
}
SCOPES = ("explicit", "user-notebook", "notebook")
#: What a user may set, and of these what stays the server's where it has several users.
USER_OPTIONS = ("model", "small_model", "base_url", "approval", "redact", "context_tokens")
SERVER_OPTIONS = ("base_url", "redact")
_MODELS = ("model", "small_model")
#: What holds where an option that keeps something from happening has no valid value; others have their default then.
_STRICTEST: Mapping[str, Any] = {
    "allow_auto": False,
    "approval": "read-only",
    "base_url": "invalid:",
    "locked_settings": list(USER_OPTIONS),
    "model": OFFLINE,
    "store": "memory://",
    "tools": ["(none)"],
}
_STORE_NOT_ALLOWED = (
    "The policy of this server does not allow the store that c.JupyterAgent.store names: conversations are only kept in memory "
    "until it is corrected."
)
_BY_POLICY = "fixed by the administrator's policy"
#: Names of Jupyter's configuration files that may hold our options; the last one wins.
CONFIG_FILES = ("jupyter_config", "jupyter_server_config", "jupyter_agent_config")


def read_config_files() -> Config:
    """What Jupyter's configuration files say, for clients that are no Jupyter server."""
    reader = Application()
    for name in CONFIG_FILES:
        reader.load_config_file(name, jupyter_config_path())
    return reader.config


def environment_names(option: str) -> tuple[str, ...]:
    """Environment variables that set an option, the stronger first."""
    also = _ALSO.get(option)
    return (f"JUPYTER_AGENT_{option.upper()}", *([also] if also else []))


class _Json(Dict):
    """An object, written as JSON in an environment variable."""

    def from_string(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise TraitError(f"{self.name} must be a JSON object: {error}") from error


class _Names(List[str]):
    """Names, written in an environment variable with commas between them, or as a JSON list."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Unicode(), **options)

    def from_string(self, text: str) -> Any:
        try:
            return json.loads(text) if text.lstrip().startswith("[") else [name.strip() for name in text.split(",")]
        except ValueError as error:
            raise TraitError(f"{self.name} must be names with commas between them: {error}") from error


class JupyterAgent(Configurable):
    """Options of jupyter-agent: ``c.JupyterAgent.<name>`` in any Jupyter or IPython configuration file."""

    model = Unicode(
        "",
        help="Which model answers: 'offline', 'openai:<model>', another provider's such as 'anthropic:<model>' or 'ollama:<model>', or "
        "'local:<GGUF file or Hugging Face id>'. Empty: 'openai' where OPENAI_API_KEY or OPENAI_BASE_URL is set, else "
        "'offline'.",
    ).tag(config=True)
    model_options = _Json(
        help="How models are asked. 'effort': how long they think, from 'none' and 'minimal' over 'low', 'medium' and 'high' to 'xhigh' and "
        "'max'; 'temperature', 'top_p', 'max_tokens' (of one answer), 'seed', 'stop'; 'extra_body': what the model's server takes besides. "
        "What the server refuses is left out. 'tools': 'native' (as the server takes them), 'text' (offered in words) or 'code' (the Python "
        "code of the answer is run); without it this is known of the model's family, or found out at its first question. 'pictures': true or "
        "false, whether the model sees; without it its server or its family says so, or it is tried. 'api': by which of "
        "OpenAI's APIs, 'chat' (completions) or 'responses', which its own reasoning models are asked by unless you say otherwise. For some models "
        "only: {'ollama:*coder*': {'tools': 'code'}, 'deepseek': {'effort': 'high'}}.",
    ).tag(config=True)
    small_model = Unicode(
        "",
        help="A second model, smaller and faster, for completions in cells and for titles of conversations, which it makes after the first "
        "answer, in the background. Empty: completions are by the model that answers questions, and a title is the question's beginning.",
    ).tag(config=True)
    endpoints = _Json(
        help="Servers of models under names of their own, in addition to the providers: {'work': {'base_url': 'https://models.example.com/v1', "
        "'key_env': 'WORK_KEY'}} makes the model 'work:<name>'. 'provider': whose way of asking it understands ('openai', which "
        "most do, unless you say otherwise), 'key_env': the environment variable with its key, 'model': that answers where none is named, "
        "'ca_file': certificates that are trusted for it.",
    ).tag(config=True)
    base_url = Unicode(
        "",
        help="Address of the model's OpenAI-compatible server, such as http://127.0.0.1:11434/v1. Empty: OPENAI_BASE_URL, "
        "or the usual address of the model's provider.",
    ).tag(config=True)
    proxy = Unicode(
        "",
        help="Web proxy on the way to models, such as http://proxy.example.com:3128; servers on this machine are asked "
        "directly. Empty: none, whatever the environment says.",
    ).tag(config=True)
    ca_file = Unicode(
        "", help="PEM file of certificates that are trusted besides the usual ones, such as a company's own."
    ).tag(config=True)
    store = Unicode(
        "",
        help="Where conversations are kept: sqlite:///<path>, memory://. Empty: sessions.db in Jupyter's data folder.",
    ).tag(config=True)
    owner = Unicode(
        "",
        help="Whose conversations these are where the server knows no users (a token, a password, or neither), of the command "
        "line and of IPython. Empty: on a JupyterHub its user, else a random id that is made once and kept in the file "
        "jupyter-agent/owner of Jupyter's data folder, so that everybody who keeps conversations in the same Redis, PostgreSQL "
        "or folder has their own. Give several servers of yours the same value to continue conversations on all of them; "
        "who knows it and may use the store has your conversations. Users whom JupyterHub or another identity provider names "
        "are owners under their own names. Conversations from before servers had owners: `jupyter agent sessions --claim`.",
    ).tag(config=True)
    kernel_env_remove = _Names(
        help="Environment variables of the server that its kernels do not get, by name or pattern, such as 'OPENAI_API_KEY' or "
        "'AWS_*'. JUPYTER_AGENT_* they never get; what a kernelspec sets they do. Models and the store get the values of "
        "secret ones in neither case.",
    ).tag(config=True)
    tools = _Names(help="Names of the tools that models are offered. Empty: all.").tag(config=True)
    mcp_servers = _Json(
        help="MCP servers whose tools models are offered in addition to the built-in ones, by name: {'command': [program, arguments…], 'env': {}} "
        "or {'url': 'https://…', 'headers': {}}; '${NAME}' in a value of these is taken from the environment. 'tools' names "
        "those that are offered, 'trusted' those that follow the approval mode; the others are asked about in every mode.",
    ).tag(config=True)
    approval = Enum(
        APPROVALS,
        "ask",
        help="What the agent may do unasked: 'read-only' never runs code, 'ask' asks before running code or editing, "
        "'auto-edit' edits unasked, 'auto' does all unasked.",
    ).tag(config=True)
    allow_auto = Bool(True, help="Whether users and requests may have approval 'auto'; else they get 'auto-edit'.").tag(
        config=True
    )
    locked_settings = _Names(
        help="Names of options that users and requests cannot set, such as 'model' and 'base_url'; requests may only be "
        "stricter. What users must not be able to change themselves belongs into the policy of the machine.",
    ).tag(config=True)
    instructions = Unicode(
        "",
        help="What models are told in every conversation on this server, before the user's own instructions and a project's "
        "(AGENTS.md), which cannot change it. In the policy, under 'force', it is the administrator's for good.",
    ).tag(config=True)
    redact = Bool(True, help="Whether secrets are withheld from models and from the store.").tag(config=True)
    context_tokens = Int(
        None,
        allow_none=True,
        min=500,
        help="Tokens that a request to the model may have, history and tools included. None: as many as suits what the model "
        "takes, as its server says or as is known of its family; 8000 where nothing is known.",
    ).tag(config=True)
    deadline_seconds = Float(600.0, min=1, help="A turn's time when its answer is streamed.").tag(config=True)
    quick_deadline_seconds = Float(30.0, min=1, help="A turn's time when its answer comes in one piece.").tag(
        config=True
    )
    run_timeout = Float(
        0.0,
        min=0,
        help="Seconds after which code that the agent runs is interrupted; 0 sets no limit: it runs until it ends or you stop it.",
    ).tag(config=True)
    first_word_seconds = Float(
        300.0, min=1, help="How long a model may be silent before the first word of an answer: it thinks, or is loaded."
    ).tag(config=True)
    max_steps = Int(
        None,
        allow_none=True,
        min=1,
        help="How often the model is asked in one turn, and once more for its last words. None: 50 when the answer is streamed, else 10.",
    ).tag(config=True)
    max_tool_calls = Int(
        None, allow_none=True, min=0, help="Tool calls in one turn. None: 100 when the answer is streamed, else 25."
    ).tag(config=True)
    max_write_calls = Int(15, min=0, help="Tool calls in one turn that run code or edit.").tag(config=True)
    max_tokens = Int(0, min=0, help="Tokens sent and received in one turn; 0 sets no limit.").tag(config=True)
    max_cost = Float(
        0.0, min=0, help="US dollars that one turn may cost, where the model's server reports it; 0 sets no limit."
    ).tag(config=True)
    max_running_turns = Int(20, min=1, help="Questions of one user that are answered at the same time.").tag(
        config=True
    )
    max_repeated_calls = Int(
        2,
        min=1,
        help="How often the same call may have the same result with nothing changed in between, before the model is told; when it "
        "goes on after that, the turn ends.",
    ).tag(config=True)
    audit_content = Bool(
        False,
        help="Whether the audit events that Jupyter's event logger gets have questions, code and answers in them, and "
        "not only their sizes and hashes.",
    ).tag(config=True)
    session_scope = Enum(
        SCOPES,
        "explicit",
        help="Where a question over REST belongs that names no conversation: 'explicit' begins a new one, 'user-notebook' "
        "continues the user's newest about that notebook, 'notebook' does too and has one conversation for all users of "
        "the server, who then see each other's. The sidebar and the magics always continue the newest.",
    ).tag(config=True)
    session_max_age_hours = Float(
        0.0, min=0, help="Conversations idle for longer are removed; 0 keeps them (24 on memory://)."
    ).tag(config=True)
    mcp_approval_seconds = Float(
        300.0, min=0, help="How long a call of an MCP client waits for the user's answer in the panel; 0 does not wait."
    ).tag(config=True)
    session_max_concurrent = Int(1000, min=1, help="Conversations kept for one user.").tag(config=True)
    session_history_limit = Int(100, min=1, help="Turns of a conversation that are considered for the model.").tag(
        config=True
    )

    def __init__(self, **kwargs: Any) -> None:
        """Read configuration and environment, then apply the administrator's policy.

        A value that is not valid is left out and named in `problems`; only one given here is an error.

        Raises:
            TraitError: an argument is not valid.
        """
        #: What is wrong with the options, for users.
        self.problems: list[str] = []
        #: What is wrong with endpoints, by their names.
        self.endpoint_problems: dict[str, str] = {}
        #: Why conversations are only kept in memory although a store was named; empty where that is not so.
        self.store_problem = ""
        #: What the user has set in the page and holds here.
        self.user: dict[str, Any] = {}
        super().__init__(**kwargs)
        configured = {name for section in self.section_names() for name in self.config.get(section, {})}
        for name, trait in self.traits(config=True).items():
            variable = next(filter(os.environ.get, environment_names(name)), None)
            if variable and name not in configured and name not in kwargs:
                try:
                    setattr(self, name, trait.from_string(os.environ[variable]))
                except (TraitError, ValueError, TypeError) as error:
                    self._reject(name, variable, os.environ[variable], error)
        self.policy = read_policy()
        self._enforce_policy()
        self._configured = {name: getattr(self, name) for name in USER_OPTIONS}

    def _load_config(
        self, cfg: Config, section_names: list[str] | None = None, traits: dict[str, Any] | None = None
    ) -> None:
        """Each value by itself, so that one that is not valid does not take the others with it."""
        known = self.traits(config=True)
        for name, value in self._find_my_config(cfg).items():
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f" Did you mean '{near[0]}'?" if near else ""
                self.problems.append(f"There is no option c.JupyterAgent.{name[:60]}.{hint}")
                continue
            try:
                super()._load_config(Config({type(self).__name__: {name: value}}), traits=known)
            except (TraitError, ValueError, TypeError) as error:
                self._reject(name, f"c.JupyterAgent.{name}", value, error)

    def _reject(self, name: str, place: str, value: Any, error: Exception) -> None:
        # Of an error that is none of traitlets' the library leaves the value.
        setattr(self, name, _STRICTEST[name] if name in _STRICTEST else self.trait_defaults(name))
        hidden = name in ("store", "proxy", "mcp_servers", "base_url", "endpoints", "model_options")
        wrong = "is not valid" if hidden else f"cannot be {value!r:.60}"
        reason = "" if isinstance(error, TraitError) else f" ({str(error)[:200]})"
        holds = getattr(self, name)
        self.problems.append(
            f"{place} {wrong}{reason}; {'the default' if holds is None else repr(holds)[:80]} holds. Correct it."
        )
        if name == "store":
            self.store_problem = self.problems[-1]

    def _enforce_policy(self) -> None:
        """Set what the policy forces, lower what it caps, and leave out what it does not allow."""
        try:
            for name in (*self.policy.force, *self.policy.at_most):
                if name not in self.traits(config=True):
                    raise ValueError(f"there is no option '{name[:40]}'")
            for name, value in self.policy.force.items():
                setattr(self, name, value)
            for name, highest in self.policy.at_most.items():
                setattr(self, name, lower(name, getattr(self, name), highest))
        except (TraitError, ValueError, TypeError) as error:
            self.policy = Policy.strictest(str(error)[:200])
            for name, value in self.policy.force.items():
                setattr(self, name, value)
        if self.policy.problem:
            self.problems.append(self.policy.problem)
        if not self.policy.allows("models", self.model):
            self.problems.append(
                f"The model '{self.model}' is not allowed by this server's policy; '{OFFLINE}' answers."
            )
            self.model = OFFLINE
        if self.small_model and not self.policy.allows("models", self.small_model):
            self.problems.append(
                f"The small model '{self.small_model}' is not allowed by this server's policy; there is none."
            )
            self.small_model = ""
        if not self.policy.allows("stores", self.store):
            self.store, self.store_problem = "memory://", _STORE_NOT_ALLOWED
            self.problems.append(self.store_problem)

    def options_of_model(self, name: str) -> dict[str, Any]:
        """What `model_options` says of ``provider:model``: for all models, then for those whose pattern fits."""
        return model_options.of_model(self.model_options, name)

    def endpoint(self, name: str) -> Endpoint | None:
        """The endpoint of that name; None where there is none."""
        return Endpoint.read(name, self.endpoints[name]) if name in self.endpoints else None

    def lock(self, name: str) -> str:
        """Why nobody may set an option but the administrator; empty where anybody may."""
        if name == "small_model" and (reason := self.lock("model")):
            return reason  # it is sent what the other is
        if name in self.policy.force:
            return _BY_POLICY
        return "fixed on this server (c.JupyterAgent.locked_settings)" if name in self.locked_settings else ""

    def allowed(self, name: str, value: Any) -> Any:
        """The value of an option that holds where a user or a request wants this one: as wanted, or stricter."""
        if name == "approval":
            ceilings = [*([self.approval] if self.lock(name) else []), *(["auto-edit"] if not self.allow_auto else [])]
            return min([value, *ceilings, self.policy.at_most.get(name, value)], key=APPROVALS.index)
        if self.lock(name):
            return getattr(self, name)
        return lower(name, value, self.policy.at_most[name]) if name in self.policy.at_most else value

    def set_by_user(self, values: Mapping[str, Any], names: Iterable[str] = USER_OPTIONS) -> None:
        """Let a user's settings hold where the administrator has not fixed them; what is not among them is as configured.

        Args:
            values: The settings, by option.
            names: The options that the user may set here.
        """
        for name in names:
            if name in values or name in self.user:
                self._set_by_user(name, values)

    def _set_by_user(self, name: str, values: Mapping[str, Any]) -> None:
        self.user.pop(name, None)
        wanted = values.get(name, self._configured[name])
        is_allowed = name not in _MODELS or not wanted or self.policy.allows("models", str(wanted))
        try:
            setattr(self, name, self.allowed(name, wanted) if is_allowed else self._configured[name])
        except TraitError:
            self.problems.append(f"The setting '{name}' cannot be {wanted!r:.60}; set it anew.")
            return
        if name in values:
            self.user[name] = getattr(self, name)

    def configured(self, name: str) -> Any:
        """An option's value without the user's setting."""
        return self._configured[name] if name in self.user else getattr(self, name)

    def with_user(self, values: Mapping[str, Any], names: Iterable[str]) -> JupyterAgent:
        """A copy in which a user's settings hold, as `set_by_user` has it."""
        copied = copy(self)
        copied.problems, copied.user = list(self.problems), dict(self.user)
        copied.set_by_user(values, names)
        return copied

    @default("store")
    def _default_store(self) -> str:
        return "sqlite:///" + str(Path(jupyter_data_dir()) / "jupyter-agent" / "sessions.db")

    @default("base_url")
    def _default_base_url(self) -> str:
        return os.environ.get("OPENAI_BASE_URL", "")

    @default("model")
    def _default_model(self) -> str:
        configured = os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")
        return "openai" if configured else "offline"

    @validate("model_options")
    def _check_model_options(self, proposal: dict[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = dict(proposal["value"])
        model_options.check(given)
        return given

    @validate("endpoints")
    def _check_endpoints(self, proposal: dict[str, Any]) -> dict[str, Any]:
        """Each by itself, so that one that is not valid does not take the others with it."""
        given: dict[str, Any] = dict(proposal["value"])
        self.endpoint_problems = {}
        for name, endpoint in given.items():
            try:
                Endpoint.read(str(name), endpoint)
            except ValueError as error:
                self.endpoint_problems[str(name)] = (
                    f"c.JupyterAgent.endpoints: {error}. Correct it; the other endpoints hold."
                )
        self.problems += self.endpoint_problems.values()
        return {name: endpoint for name, endpoint in given.items() if str(name) not in self.endpoint_problems}

    @validate("store")
    def _check_store(self, proposal: dict[str, Any]) -> str:
        url = str(proposal["value"])
        if url and "://" not in url:
            raise ValueError("c.JupyterAgent.store must be a URL such as sqlite:///sessions.db or memory://")
        return url
