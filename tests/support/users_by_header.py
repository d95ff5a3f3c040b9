"""Users and what they may do, as the headers of a request say."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler


class Guest(Authorizer):
    """Lets a request do what its header says."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        return f"{resource}:{action}" not in handler.request.headers.get("X-Deny", "").split()


class ByHeader(IdentityProvider):
    """Users as a hub would have them."""

    def get_user(self, handler: RequestHandler) -> User | None:
        name = handler.request.headers.get("X-User", "")
        handler._token_authenticated = True  # type: ignore[attr-defined]
        return User(name) if name else None
