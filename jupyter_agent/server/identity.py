"""Whose a conversation is, and what its owner may have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from jupyter_agent.core.messages import Effect

LOCAL = "local"
#: Where one notebook has one conversation for all; no user is called that.
EVERYBODY = "(everybody on this server)"
_TELLS_USERS_APART = (
    "get_user",
    "_get_user",
    "get_user_token",
    "get_user_cookie",
    "generate_anonymous_user",
    "process_login_form",
)
#: Effect of a tool → the action and resource that Jupyter's authorizer is asked for.
_PERMISSIONS: dict[Effect, tuple[str, str]] = {"execute": ("execute", "kernels"), "write": ("write", "contents")}


def owner(handler: JupyterHandler, scope: str) -> str:
    """The signed-in user's name, or ``local``; one for everybody where the sessions' scope is the notebook.

    Jupyter's own identity providers make up a new name for every request that comes with a token alone; a
    conversation kept under it would be lost at once. They know one user: whoever has the token.
    """
    if not _has_real_users(type(handler.identity_provider)):
        return LOCAL
    return EVERYBODY if scope == "notebook" else str(handler.current_user.username)


def _has_real_users(provider: type[Any]) -> bool:
    methods = (getattr(provider, name, None) for name in _TELLS_USERS_APART)
    return any(getattr(one, "__module__", "").split(".")[0] != "jupyter_server" for one in methods if one is not None)


async def allowed(handler: JupyterHandler, action: str, resource: str) -> bool:
    """Whether Jupyter's authorizer lets the user do this."""
    user = handler.current_user
    return bool(await ensure_async(handler.authorizer.is_authorized(handler, user, action, resource)))


async def effects(handler: JupyterHandler) -> frozenset[Effect]:
    """What the user, and so the model, may do here."""
    granted: set[Effect] = {"read"}
    for effect, (action, resource) in _PERMISSIONS.items():
        if await allowed(handler, action, resource):
            granted.add(effect)
    return frozenset(granted)
