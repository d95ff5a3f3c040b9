"""Who owns a conversation, and which effects the signed-in user may have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from jupyter_agent.core.messages import Effect

#: What Jupyter's authorizer is asked about.
AUTH_RESOURCE = "agent"
LOCAL = "local"
#: Owner of the conversations of a server where each notebook has one for all users; no user has that name.
EVERYBODY = "(everybody on this server)"
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
    provider: type[Any] = type(handler.identity_provider)
    if not _distinguishes_users(provider):
        return ""
    name = str(handler.current_user.username)
    is_hub = any(base.__module__.split(".")[0] == "jupyterhub" for base in provider.__mro__)
    return "" if is_hub and name == os.environ.get("JUPYTERHUB_USER") else name


def has_one_user(provider: type[Any]) -> bool:
    """Whether a server with this identity provider is one user's own, who may let others in."""
    return not _distinguishes_users(provider) or any(
        base.__module__.split(".")[0] == "jupyterhub" for base in provider.__mro__
    )


def _distinguishes_users(provider: type[Any]) -> bool:
    methods = (getattr(provider, name, None) for name in _DISTINGUISHES_USERS)
    return any(getattr(method, "__module__", "").split(".")[0] != "jupyter_server" for method in methods if method)


def owner(handler: JupyterHandler, scope: str) -> str:
    """The signed-in user's name, or ``local``; one for everybody where the sessions' scope is the notebook.

    Jupyter's own identity providers make up a new name for every request that comes with a token alone; a
    conversation kept under it would be lost at once. They know one user: whoever has the token.
    """
    provider: type[Any] = type(handler.identity_provider)
    if not _distinguishes_users(provider):
        return LOCAL
    return EVERYBODY if scope == "notebook" else str(handler.current_user.username)


async def allowed(handler: JupyterHandler, action: str, resource: str) -> bool:
    """Whether Jupyter's authorizer lets the user do this."""
    return bool(await ensure_async(handler.authorizer.is_authorized(handler, handler.current_user, action, resource)))


async def effects(handler: JupyterHandler) -> frozenset[Effect]:
    """What the user, and so the model, may do here."""
    granted = [effect for effect, needed in _PERMISSIONS.items() if await allowed(handler, *needed)]
    return frozenset({"read", *granted})
