"""Settings, models, commands, health and errors on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import UNSET, Meta, UnsetType

from jupyter_agent.server.wire.body import Approval, Body, ModelName, NotebookId, PartialBody, about, form

ApiKey = Annotated[str, form("a key, without spaces", max_length=1000, pattern="^[!-~]{1,1000}$")]


class SettingValues(Body, frozen=True):
    """New values; null goes back to what holds without it."""

    model: ModelName | UnsetType | None = UNSET
    small_model: Annotated[
        Annotated[str, Meta(max_length=500)] | UnsetType | None, about("of completions and titles; empty for none")
    ] = UNSET
    base_url: Annotated[Annotated[str, Meta(max_length=2000)] | UnsetType | None, about("of the model's server")] = (
        UNSET
    )
    approval: Annotated[Approval | UnsetType | None, about("what the agent may do unasked")] = UNSET
    redact: bool | UnsetType | None = UNSET
    context_tokens: Annotated[int, Meta(ge=500, le=10000000)] | UnsetType | None = UNSET


class SettingsRequest(PartialBody, frozen=True):
    """Settings and keys to change."""

    settings: SettingValues | UnsetType = UNSET
    keys: Annotated[
        Annotated[dict[str, ApiKey | None], Meta(max_length=20)] | UnsetType,
        about("provider to key; null forgets it. Keys are never shown again"),
    ] = UNSET


SettingSource = Literal["user", "configuration", "environment", "default"]
KeySource = Literal["environment", "keyring", "file", ""]


class SettingInfo(TypedDict):
    """A setting, and where it is from."""

    value: Any
    source: SettingSource
    locked: Annotated[bool, about("whether this user cannot change it")]
    reason: Annotated[str, about("why it is locked or capped; empty where it is neither")]
    at_most: NotRequired[Annotated[Any, about("the highest value that the administrator allows")]]
    help: str
    variable: Annotated[str, about("the environment variable that sets it")]
    choices: NotRequired[list[str]]


class KeyInfo(TypedDict):
    """Whether a provider's key is there, and where it is from."""

    set: Annotated[bool, about("whether there is one for the server at base_url")]
    source: KeySource
    variable: str
    base_url: Annotated[str, about("the server that it belongs to; no other is ever sent it")]
    locked: Annotated[bool, about("whether this user cannot change it")]


class SettingsReply(TypedDict):
    """Settings by name, keys by provider."""

    settings: dict[str, SettingInfo]
    keys: dict[str, KeyInfo]
    restrictions: Annotated[list[str], about("what else the administrator's policy does not allow")]
    problems: Annotated[
        list[str], about("options, tools, the policy and the keyring that cannot be used as they are, and what to do")
    ]


Digest = Annotated[str, form("a SHA-256 in hexadecimal", pattern="^[0-9a-f]{64}$")]


class InstructionChoice(Body, frozen=True):
    """Whether a text of a project instructs the agent for a user."""

    digest: Annotated[Digest, about("of the text, as it was shown")]
    use: Annotated[bool | None, about("null: the user is asked again")]
    notebook_id: Annotated[NotebookId | None, about("the notebook that it was shown for")] = None


class InstructionInfo(TypedDict):
    """A text in which people instruct the agent."""

    scope: Annotated[Literal["administrator", "user", "project"], about("whose it is")]
    path: Annotated[str, about("below the server's root, or from the home folder; empty for the administrator's")]
    skill: Annotated[str, about("the skill's name, which is read when a task needs it; empty for other texts")]
    description: Annotated[str, about("what the skill is for")]
    text: Annotated[str, about("all of it, without secrets; hidden characters are to be spelled out where it is shown")]
    digest: Annotated[str, about("of the text as it is; the answer to it names it")]
    state: Annotated[
        Literal["used", "asked", "declined", "unusable"],
        about("whether it counts; asked: not until the user has accepted it"),
    ]
    problem: Annotated[str, about("why it is unusable")]


class InstructionsReply(TypedDict):
    """What instructs the agent at a notebook, the strongest last."""

    instructions: list[InstructionInfo]
    warnings: list[str]
    user_path: Annotated[str, about("where the user's own file is; empty for users who have none here")]


class ModelInfo(TypedDict):
    """A model that can answer."""

    id: str
    default: bool
    missing_key: NotRequired[
        Annotated[str, about("the environment variable of the key that it needs and does not have")]
    ]


class FoundServer(TypedDict):
    """A server of models on this machine."""

    provider: Annotated[str, about("what stands before the colon in a model's name")]
    title: Annotated[str, about("its name for people")]
    base_url: Annotated[str, about("where it listens")]
    models: Annotated[list[str], about("as provider:model")]


class ModelsReply(TypedDict):
    """The models that can answer."""

    default: Annotated[str, about("what answers when a request names no model")]
    models: list[ModelInfo]
    approvals: Annotated[list[Approval], about("the approval modes that a request may ask for")]
    found: NotRequired[Annotated[list[FoundServer], about("where servers of models were looked for")]]


class SlashCommand(TypedDict):
    """A slash command."""

    name: Annotated[str, about("what is typed after the slash")]
    arguments: Annotated[str, about("how its arguments are shown; empty when it takes none")]
    help: Annotated[str, about("one line for a reader")]
    asks: Annotated[str, about("the question that it stands for; empty when it asks none")]
    asks_about: Annotated[str, about("what stands before its arguments in that question, where it is given some")]


class CommandsReply(TypedDict):
    """The slash commands."""

    commands: list[SlashCommand]


class HealthReply(TypedDict):
    """How the assistant is."""

    status: Literal["ok", "degraded"]
    version: NotRequired[str]
    model: NotRequired[str]
    store: NotRequired[Annotated[str, about("ok, or the code of what is wrong with it")]]
    session_scope: NotRequired[str]
    problems: NotRequired[Annotated[list[str], about("as in the settings")]]


class ErrorReply(TypedDict):
    """What happened, and what to do."""

    message: Annotated[str, about("for people")]
    code: str
    retryable: bool
    request_id: Annotated[str, about("found in the server's log")]
    session_id: NotRequired[str]
    turn_id: NotRequired[str]
    error: NotRequired[Annotated[dict[str, Any], about("below /api/agent/v1: the same as the OpenAI API has it")]]
