"""``GET`` and ``PUT /api/agent/settings``: options and keys that a user may set in the page; keys are write-only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_core.paths import jupyter_config_dir
from traitlets import Enum, TraitError

from jupyter_agent.config import api_keys
from jupyter_agent.config.options import JupyterAgent, environment_names
from jupyter_agent.core.errors import BadRequest, Forbidden, StoreUnavailable
from jupyter_agent.models.openai.providers import PROVIDERS
from jupyter_agent.server.api.requests import check_chats
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.server.wire.settings import (
        KeyInfo,
        KeySource,
        SettingInfo,
        SettingSource,
        SettingsReply,
        SettingsRequest,
    )

#: What the page shows, in this order.
NAMES = ("model", "base_url", "approval", "redact", "context_tokens")
_FILE = "jupyter_agent_config.json"


class SettingsHandler(AgentHandler):
    """Values with where each is from, and which keys there are.

    Those that are set, or reset with null, apply immediately and are stored.
    """

    async def get(self) -> None:
        self.reply(self._to_json())

    async def put(self) -> None:
        body: SettingsRequest = await self.json_body()
        await self.need("write", "config")
        options, changes = self.services.options, body.settings.given() if body.settings else {}
        values = {name: _checked(options, name, value) for name, value in changes.items()}
        if values.get("model"):
            check_chats(values["model"])
            if ":" not in values["model"]:  # what a provider has is known when it is asked
                self.services.assistant.model(values["model"])  # raises for what is none
        keys = {_variable(provider): key for provider, key in (body.keys or {}).items()}
        try:
            if values:
                stored = _stored()
                own = {**_user_settings(stored), **values}
                stored["JupyterAgent"] = {name: value for name, value in own.items() if value is not None}
                api_keys.write_private(Path(jupyter_config_dir(), _FILE), json.dumps(stored, indent=2) + "\n")
            if keys:
                api_keys.store(keys)
        except OSError as error:
            raise StoreUnavailable("The settings cannot be written to Jupyter's configuration folder.") from error
        for name, value in values.items():
            setattr(options, name, value if value is not None else _default(options, name))
        who: dict[str, Any] = {"owner": self.owner, "by": self.user_name}
        for name, value in values.items():
            action = "reset" if value is None else "set"
            self.services.audit.emit("setting", {"value": value}, name=name, action=action, **who)
        for name, key in keys.items():
            self.services.audit.emit("setting", name=name, action="set" if key else "reset", **who)
        await self.services.assistant.reconfigure()
        self.reply(self._to_json())

    def _to_json(self) -> SettingsReply:
        options, own = self.services.options, _user_settings(_stored())
        return {
            "settings": {name: _setting(options, name, own) for name in NAMES},
            "keys": {provider.name: _key(provider.key) for provider in PROVIDERS.values() if provider.key},
        }


def _setting(options: JupyterAgent, name: str, own: Mapping[str, Any]) -> SettingInfo:
    trait, variables = options.traits()[name], environment_names(name)
    source: SettingSource = "default"
    if name in own:
        source = "user"
    elif any(name in options.config.get(section, {}) for section in options.section_names()):
        source = "configuration"
    elif any(map(os.environ.get, variables)):
        source = "environment"
    setting: SettingInfo = {
        "value": getattr(options, name),
        "source": source,
        "locked": name in options.locked_settings,
        "help": trait.help,
        "variable": variables[0],
    }
    if isinstance(trait, Enum):
        setting["choices"] = [value for value in trait.values or () if value != "auto" or options.allow_auto]
    return setting


def _key(variable: str) -> KeyInfo:
    source: KeySource = "environment" if os.environ.get(variable) else "user" if api_keys.stored().get(variable) else ""
    return {"set": bool(source), "source": source, "variable": variable}


def _checked(options: JupyterAgent, name: str, value: Any) -> Any:
    """The value as the option takes it, if the administrator has not fixed the option or forbidden the value."""
    if name in options.locked_settings:
        raise Forbidden(f"'{name}' is fixed on this server (c.JupyterAgent.locked_settings).")
    if value is None:
        return None
    if name == "approval" and value == "auto" and not options.allow_auto:
        raise Forbidden("Approval 'auto' is switched off here (c.JupyterAgent.allow_auto).")
    if name == "base_url" and value and not _is_address(value):
        raise BadRequest(
            "'settings.base_url' must be an address that begins with http:// or https:// and has no spaces or password."
        )
    try:
        return getattr(JupyterAgent(**{name: value}), name)
    except TraitError as error:
        raise BadRequest(f"'settings.{name}' cannot be {json.dumps(value)[:80]}.") from error


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for what is none
    except ValueError:
        return False
    plain = text.isprintable() and not re.search(r"\s", text)
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username


def _default(options: JupyterAgent, name: str) -> Any:
    """The option's value without the user's setting."""
    sections = [options.config.get(section, {}) for section in options.section_names()]
    values = [section[name] for section in sections if name in section]
    configured = values[-1] if values and name not in _user_settings(_stored()) else None
    return configured if configured is not None else getattr(JupyterAgent(), name)


def _variable(provider: str) -> str:
    """The environment variable of a provider's key, if the environment, which wins, does not have it."""
    known = PROVIDERS.get(provider)
    if known is None or not known.key:
        raise BadRequest(f"'keys' has no provider '{provider[:60]}' that takes a key.")
    if os.environ.get(known.key):
        raise Forbidden(f"The key of {known.title} comes from the environment ({known.key}) and is changed there.")
    return known.key


def _stored() -> dict[str, Any]:
    """The file that has the user's settings."""
    try:
        read = json.loads(Path(jupyter_config_dir(), _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StoreUnavailable(f"{_FILE} in Jupyter's configuration folder cannot be read; correct it.") from error
    return read if isinstance(read, dict) else {}


def _user_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    section = stored.get("JupyterAgent", {})
    return dict(section) if isinstance(section, dict) else {}
