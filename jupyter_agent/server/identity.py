"""Who owns a conversation, and which effects the signed-in user may have."""

from __future__ import annotations

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


def owner(handler: JupyterHandler, scope: str) -> str:
    """The signed-in user's name, or ``local``; one for everybody where the sessions' scope is the notebook.

    Jupyter's own identity providers make up a new name for every request that comes with a token alone; a
    conversation kept under it would be lost at once. They know one user: whoever has the token.
    """
    provider: type[Any] = type(handler.identity_provider)
    methods = (getattr(provider, name, None) for name in _DISTINGUISHES_USERS)
    if not any(getattr(method, "__module__", "").split(".")[0] != "jupyter_server" for method in methods if method):
        return LOCAL
    return EVERYBODY if scope == "notebook" else str(handler.current_user.username)


async def allowed(handler: JupyterHandler, action: str, resource: str) -> bool:
    """Whether Jupyter's authorizer lets the user do this."""
    return bool(await ensure_async(handler.authorizer.is_authorized(handler, handler.current_user, action, resource)))


async def effects(handler: JupyterHandler) -> frozenset[Effect]:
    """What the user, and so the model, may do here."""
    granted = [effect for effect, needed in _PERMISSIONS.items() if await allowed(handler, *needed)]
    return frozenset({"read", *granted})
