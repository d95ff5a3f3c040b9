"""``GET`` and ``PUT /api/agent/settings``: options and keys that a user may set in the page; keys are write-only."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from traitlets import Enum, TraitError

from jupyter_agent.config import api_keys
from jupyter_agent.config.endpoints import is_address
from jupyter_agent.config.options import SERVER_OPTIONS, USER_OPTIONS, JupyterAgent, environment_names
from jupyter_agent.config.policy import APPROVALS
from jupyter_agent.config.user_settings import ONE_USER, SettingsError, UserSettings
from jupyter_agent.core.errors import BadRequest, Forbidden, StoreUnavailable
from jupyter_agent.models.openai.providers import key_source, providers
from jupyter_agent.models.openai_compatible.addresses import allowed_addresses, configured_url
from jupyter_agent.server import identity
from jupyter_agent.server.api.requests import check_chats
from jupyter_agent.server.base_handler import AgentHandler

if TYPE_CHECKING:
    from jupyter_agent.models.openai_compatible.provider import Provider
    from jupyter_agent.server.wire.settings import (
        KeyInfo,
        SettingInfo,
        SettingSource,
        SettingsReply,
        SettingsRequest,
    )

_OF_SERVER = "the same for all users of this server, and set by its administrator"


class SettingsHandler(AgentHandler):
    """Values with where each is from, and which keys there are.

    Those that are set, or reset with null, apply immediately and are stored, for the user who sets them and nobody else.
    """

    async def get(self) -> None:
        await asyncio.to_thread(api_keys.stored)  # they may have to wait for a keyring
        self.reply(self._to_json())

    async def put(self) -> None:
        body: SettingsRequest = await self.json_body()
        await self.need("write", "config")
        await asyncio.to_thread(api_keys.stored)
        user, options = identity.settings_owner(self), self.user_options
        changes = body.settings.given() if body.settings else {}
        for name, value in changes.items():
            self._check(options, name, value)
        keyed = {name: _provider(options, name) for name in body.keys or {}}
        if keyed and user != ONE_USER:
            raise Forbidden(f"Keys are {_OF_SERVER}.")
        if keyed:  # a key is set for the address that holds after this request
            future = options.with_user({**options.user, **changes}, USER_OPTIONS) if changes else options
            _check_keys(future, keyed)
        try:
            if changes:
                self._user_settings.update(user, changes)
            if body.keys:
                for name, provider in keyed.items():
                    address = {provider.key: configured_url(provider, options)}
                    await asyncio.to_thread(api_keys.store, {provider.key: body.keys[name]}, address)
        except (SettingsError, OSError) as error:
            text = (
                str(error)
                if isinstance(error, SettingsError)
                else "The keys cannot be written to Jupyter's data folder."
            )
            raise StoreUnavailable(text) from error
        values = {**changes, **{keyed[name].key: key for name, key in (body.keys or {}).items()}}
        for name, value in values.items():
            content = {"value": value} if name in changes else None
            action = "reset" if value is None else "set"
            self.services.audit.emit("setting", content, name=name, action=action, owner=self.owner, by=self.user_name)
        if user == ONE_USER:  # what others set changes nothing that models are made with
            await self.services.assistant.reconfigure()
        self.reply(self._to_json())

    @property
    def _user_settings(self) -> UserSettings:
        settings = self.services.assistant.resources.user_settings
        assert settings is not None
        return settings

    def _check(self, options: JupyterAgent, name: str, value: Any) -> None:
        """Refuse a value that the administrator does not allow, or that the option cannot have."""
        if reason := self._lock(options, name):
            raise Forbidden(f"'{name}' is {reason}.")
        if value is None:
            return
        try:
            JupyterAgent(**{name: value})
        except TraitError as error:
            raise BadRequest(f"'settings.{name}' cannot be {json.dumps(value)[:80]}.") from error
        if (allowed := options.allowed(name, value)) != value:
            raise Forbidden(f"'{name}' can be at most {json.dumps(allowed)} on this server.")
        if name == "model" or (name == "small_model" and value):
            check_chats(value)
            self.services.assistant.check_model(value, may_be_script=identity.settings_owner(self) == ONE_USER)
        if name == "base_url" and value:
            if not is_address(value):
                raise BadRequest(
                    "'settings.base_url' must be an address that begins with http:// or https:// and has no spaces or password."
                )
            if not options.policy.allows("base_urls", value):
                raise Forbidden(f"The policy of this server does not allow that address. {allowed_addresses(options)}")

    def _lock(self, options: JupyterAgent, name: str) -> str:
        """Why this user cannot set an option; empty where they can."""
        if identity.settings_owner(self) != ONE_USER and name in SERVER_OPTIONS:
            return _OF_SERVER
        return options.lock(name)

    def _to_json(self) -> SettingsReply:
        options = self.user_options
        return {
            "settings": {name: self._setting(options, name) for name in USER_OPTIONS},
            "keys": {provider.name: self._key(options, provider) for provider in providers(options).values()},
            "restrictions": list(options.policy.restrictions()),
            "problems": list(dict.fromkeys([*self.services.options.problems, *options.problems, *api_keys.problems()])),
        }

    def _setting(self, options: JupyterAgent, name: str) -> SettingInfo:
        trait, variables = options.traits()[name], environment_names(name)
        source: SettingSource = "default"
        if name in options.user:
            source = "user"
        elif any(name in options.config.get(section, {}) for section in options.section_names()):
            source = "configuration"
        elif any(map(os.environ.get, variables)):
            source = "environment"
        reason = self._lock(options, name)
        value = getattr(options, name)
        setting: SettingInfo = {
            "value": self._plain(value) if name == "base_url" else value,
            "source": source,
            "locked": bool(reason),
            "reason": reason,
            "help": trait.help,
            "variable": variables[0],
        }
        if isinstance(trait, Enum):
            highest = options.allowed(name, APPROVALS[-1])
            setting["choices"] = list(APPROVALS[: APPROVALS.index(highest) + 1])
        if name in options.policy.at_most or (name == "approval" and not options.allow_auto):
            setting["at_most"] = options.allowed(name, options.policy.at_most.get(name, APPROVALS[-1]))
            setting["reason"] = reason or f"at most {setting['at_most']}, by this server's administrator"
        return setting

    def _key(self, options: JupyterAgent, provider: Provider) -> KeyInfo:
        url, source = configured_url(provider, options), key_source(provider, options)
        locked = source == "environment" or identity.settings_owner(self) != ONE_USER
        variable = provider.key
        return {
            "set": bool(source),
            "source": source,
            "variable": variable,
            "base_url": self._plain(url),
            "locked": locked,
        }

    def _plain(self, url: str) -> str:
        """An address without a password, which nobody is asked with."""
        return self.services.assistant.redactor.text(url, always=True)


def _provider(options: JupyterAgent, name: str) -> Provider:
    known = providers(options).get(name)
    if known is None:
        raise BadRequest(f"'keys' has no provider '{name[:60]}' that takes a key.")
    return known


def _check_keys(options: JupyterAgent, keyed: dict[str, Provider]) -> None:
    """Refuse keys where the environment, which wins, has one for that server."""
    for provider in keyed.values():
        if key_source(provider, options) == "environment":
            text = f"The key of {provider.title} comes from the environment ({provider.key}) and is changed there."
            raise Forbidden(text)
