"""Who owns a conversation, and which effects the signed-in user may have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from jupyter_agent.agent.assistant import Assistant
    from jupyter_agent.core.messages import Effect

#: What Jupyter's authorizer is asked about.
AUTH_RESOURCE = "agent"
_DISTINGUISHES_USERS = (
    "get_user",
    "_get_user",
    "get_user_token",
    "get_user_cookie",
    "generate_anonymous_user",
    "process_login_form",
)
#: Effect of a tool → the action and resource that Jupyter's authorizer is asked for.
_PERMISSIONS: dict[Effect, tuple[str, str]] = {"execute": ("execute", "kernels"), "write": ("write", "contents")}


def settings_owner(handler: JupyterHandler) -> str:
    """Whose settings hold: the user's name; empty where the server is this user's own, with its address of models and its keys.

    A server of Jupyter's own identity providers has one user, whoever has the token or the password. A JupyterHub server belongs
    to the user that it was started for; whom they let in has settings of their own. Any other provider has several users.
    """
    if not distinguishes_users(handler.identity_provider):
        return ""
    name = str(handler.current_user.username)
    return "" if _is_hub(handler.identity_provider) and name == os.environ.get("JUPYTERHUB_USER") else name


def has_one_user(identity_provider: object) -> bool:
    """Whether a server with this identity provider is one user's own, who may let others in."""
    return not distinguishes_users(identity_provider) or _is_hub(identity_provider)


def _is_hub(identity_provider: object) -> bool:
    return any(base.__module__.split(".")[0] == "jupyterhub" for base in type(identity_provider).__mro__)


def distinguishes_users(identity_provider: object) -> bool:
    """Whether it knows users apart.

    Jupyter's own identity providers make up a new name for every request that comes with a token alone; a
    conversation kept under it would be lost at once. They know one user: whoever has the token.
    """
    provider: type[Any] = type(identity_provider)
    methods = (getattr(provider, name, None) for name in _DISTINGUISHES_USERS)
    # What a configuration file defines has no module.
    return any((method.__module__ or "").split(".")[0] != "jupyter_server" for method in methods if method)


def owner(handler: JupyterHandler, assistant: Assistant) -> str:
    """The signed-in user, or this server; one for everybody where the sessions' scope is the notebook.

    Raises:
        StoreUnavailable: it is this server, and that cannot be read.
    """
    from jupyter_agent.sessions.owner import everybody_owner, user_owner  # not needed before the first request

    if not distinguishes_users(handler.identity_provider):
        return assistant.owner
    if assistant.resources.options.session_scope == "notebook":
        return everybody_owner(assistant.owner)
    return user_owner(str(handler.current_user.username))


def user_name(handler: JupyterHandler, assistant: Assistant) -> str:
    """Of the signed-in user; where only a token is known, the owner: Jupyter makes up a name for each request."""
    if distinguishes_users(handler.identity_provider):
        return str(handler.current_user.username)
    return assistant.owner


async def allowed(handler: JupyterHandler, action: str, resource: str) -> bool:
    """Whether Jupyter's authorizer lets the user do this."""
    return bool(await ensure_async(handler.authorizer.is_authorized(handler, handler.current_user, action, resource)))


async def effects(handler: JupyterHandler) -> frozenset[Effect]:
    """What the user, and so the model, may do here."""
    granted = [effect for effect, needed in _PERMISSIONS.items() if await allowed(handler, *needed)]
    return frozenset({"read", *granted})
