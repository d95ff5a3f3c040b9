"""Every way in which a model's server fails, as our errors with the cure in words."""

from __future__ import annotations

import email.utils
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from jupyter_agent import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY_CURE = "Set OPENAI_API_KEY in the environment that Jupyter is started from, and start Jupyter again."
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum.{0,40}tokens|prompt is too long|too many (input )?tokens"
    r"|(input|prompt).{0,40}(exceeds|too long)|reduce the length",
    re.IGNORECASE,
)
#: What a server says when a part of the request is not for it, and how that part is called in `openai_wire.request`.
_UNKNOWN_PARTS = {
    "stream_options": re.compile(r"stream_options", re.IGNORECASE),
    "system": re.compile(r"system (role|message)s?.{0,20}(not|n't).{0,12}support", re.IGNORECASE),
    "tools": re.compile(
        r"(not|n't) support(ed)? .{0,20}(tool|function)|(tool|function).{0,40}(not|n't) (be )?support"
        r"|requires? --(jinja|enable-auto-tool-choice)|no endpoints.{0,40}tool",
        re.IGNORECASE,
    ),
    "calls": re.compile(r"tool_call_id|tool_calls|role .?tool|roles must alternate", re.IGNORECASE),
}
_NO_MODEL = re.compile(
    r"model.{0,200}(not (be )?found|does ?n.t exist|do(es)? not exist|unknown|not available|pull)",
    re.IGNORECASE | re.DOTALL,
)
_SPENT = re.compile(
    r"insufficient.{0,10}(quota|credit|balance|funds)|exceeded your current quota|billing", re.IGNORECASE
)
#: Statuses after which the same request may succeed a moment later.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Failure(Exception):
    """A failed request on its way to one of our errors, with what decides whether and how it is tried again.

    Attributes:
        error: What the user is told.
        passing: The same request may succeed a moment later.
        wait: Seconds that the server asks for; None where it does not say.
        without: An option that this server does not know, by which the request may succeed without it.
    """

    def __init__(
        self, error: errors.UpstreamError, *, passing: bool = False, wait: float | None = None, without: str = ""
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.passing = passing
        self.wait = wait
        self.without = without


def from_exception(error: Exception, server: str) -> Failure:
    """Translate whatever the SDK, its HTTP library or a parser raised while a server was asked.

    Args:
        error: Any exception; its text is never used as it is, because it may hold the key or the server's words.
        server: The server's name for the user, such as ``http://127.0.0.1:11434``.
    """
    import httpx2
    import openai

    if isinstance(error, Failure):
        return error
    if isinstance(error, errors.UpstreamError):
        return Failure(error)
    if isinstance(error, openai.APIStatusError):
        return from_status(error.status_code, _words(error), server, error.response.headers)
    if isinstance(error, httpx2.InvalidURL):
        return Failure(bad_url())
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return Failure(unreachable(server), passing=True)
    if "CERTIFICATE_VERIFY_FAILED" in f"{error} {error.__cause__}":
        return Failure(untrusted(server))
    if isinstance(error, (openai.APIConnectionError, httpx2.NetworkError, httpx2.RemoteProtocolError, OSError)):
        return Failure(unreachable(server), passing=True)
    return Failure(garbled(server))


def from_status(status: int, words: str, server: str, headers: Mapping[str, str] | None = None) -> Failure:
    """Translate a failure that the server has a number and words for; the words decide but are never repeated."""
    if status == 413 or (status < 500 and _TOO_LONG.search(words)):
        return Failure(
            errors.ContextTooLong(
                "The conversation does not fit the model. Start a new one or /clear this one, or lower "
                "c.JupyterAgent.context_tokens."
            )
        )
    if status in (401, 403):
        return Failure(errors.UpstreamAuth(f"{server} did not accept the key, or not for this model. {_KEY_CURE}"))
    if status == 402 or _SPENT.search(words):
        return Failure(errors.UpstreamRateLimit(f"The credit at {server} is used up. Look at the account's billing."))
    if status == 429:
        return Failure(
            errors.UpstreamRateLimit(f"{server} has too many requests at the moment. Wait a little and ask again."),
            passing=True,
            wait=retry_after(headers or {}),
        )
    part = _unknown_part(status, words)
    if not part and status in PASSING:
        return Failure(
            errors.UpstreamError(f"{server} has a fault of its own (status {status}). Ask again in a moment."),
            passing=True,
            wait=retry_after(headers or {}),
        )
    if part:
        return Failure(_not_taken(status, server), without=part)
    return _refused(status, words, server)


def _refused(status: int, words: str, server: str) -> Failure:
    """A request that this server will never take as it is."""
    if 300 <= status < 400:
        return Failure(
            errors.UpstreamProtocol(
                f"{server} points to another address, which is not followed. Set c.JupyterAgent.base_url to the final one."
            )
        )
    if status in (400, 404) and _NO_MODEL.search(words):
        return Failure(errors.UpstreamRefused(f"{server} has no such model."), without="model")
    if status in (404, 405):
        return Failure(
            errors.UpstreamRefused(
                f"{server} does not answer at this path. c.JupyterAgent.base_url (or OPENAI_BASE_URL) usually ends with /v1."
            )
        )
    return Failure(_not_taken(status, server))


def _not_taken(status: int, server: str) -> errors.UpstreamRefused:
    return errors.UpstreamRefused(
        f"{server} refused the request (status {status}). Try another model, or a new conversation."
    )


def _unknown_part(status: int, words: str) -> str:
    """The part of the request that the server stumbles over; some say so with status 500."""
    if status not in (400, 404, 422, 500, 501):
        return ""
    return next((part for part, sign in _UNKNOWN_PARTS.items() if sign.search(words)), "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait; None where it does not say, or not in a way that makes sense."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text.strip(), re.ASCII) else None


def _words(error: Exception) -> str:
    """What the server says of a failure, for our eyes only: code, type and message."""
    body = getattr(error, "body", None)
    return words(body) or str(error)[:2000]


def words(body: object) -> str:
    """Code, type and message of an error object, as one text to look for signs in."""
    if isinstance(body, str):
        return body[:2000]
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    told = inner if isinstance(inner, dict) else body
    parts = [told.get("code"), told.get("type"), told.get("message"), told.get("detail"), inner]
    with suppress(RecursionError):
        return " ".join(str(part)[:2000] for part in parts if isinstance(part, (str, int, list)))
    return ""


def no_key() -> errors.UpstreamAuth:
    """OpenAI's own server is to be asked, and there is no key."""
    return errors.UpstreamAuth(
        f"There is no key for OpenAI. {_KEY_CURE} Or set c.JupyterAgent.base_url to a server of your own."
    )


def bad_key() -> errors.UpstreamAuth:
    """The key holds characters that no key has."""
    return errors.UpstreamAuth(
        f"The key in OPENAI_API_KEY holds a space, a line break or a character outside ASCII: copy it again. {_KEY_CURE}"
    )


def no_models(server: str) -> errors.UpstreamRefused:
    """The server has nothing to chat with."""
    return errors.UpstreamRefused(
        f"{server} offers no model that can chat. Load one there, or name it: openai:<model>."
    )


def no_such_model(server: str, model: str, names: tuple[str, ...]) -> errors.UpstreamRefused:
    """The server has others, which may be named."""
    known = f" It has: {', '.join(names[:20])}." if names else ""
    return errors.UpstreamRefused(f"{server} has no model '{model[:100]}'.{known} Set c.JupyterAgent.model.")


def bad_url() -> errors.UpstreamRefused:
    """The address is not one."""
    return errors.UpstreamRefused(
        "c.JupyterAgent.base_url (or OPENAI_BASE_URL) must be an address such as http://127.0.0.1:11434/v1."
    )


def url_with_key() -> errors.UpstreamRefused:
    """The address holds a password, which would be seen wherever the address is."""
    return errors.UpstreamRefused(
        "c.JupyterAgent.base_url (or OPENAI_BASE_URL) must not hold a user name or password. Put the key in OPENAI_API_KEY."
    )


def unreachable(server: str) -> errors.UpstreamUnreachable:
    """Nobody answers there."""
    return errors.UpstreamUnreachable(
        f"{server} cannot be reached. Is it running, and is c.JupyterAgent.base_url (or OPENAI_BASE_URL) its address?"
    )


def untrusted(server: str) -> errors.UpstreamUnreachable:
    """Its certificate is not one that this machine knows."""
    return errors.UpstreamUnreachable(
        f"{server} shows a certificate that this machine does not trust. Ask your administrator to install it."
    )


def forbidden_address(server: str) -> errors.UpstreamRefused:
    """The address belongs to a machine's own services, never to a model."""
    return errors.UpstreamRefused(
        f"{server} is not an address for models (link-local or a cloud's metadata). Set c.JupyterAgent.base_url to another."
    )


def garbled(server: str) -> errors.UpstreamProtocol:
    """What came is not the protocol."""
    return errors.UpstreamProtocol(
        f"{server} does not answer as an OpenAI-compatible server does. Is c.JupyterAgent.base_url right (usually it "
        "ends with /v1), or is there a login page in between?"
    )


def broken_off(server: str) -> errors.UpstreamProtocol:
    """The answer was interrupted."""
    return errors.UpstreamProtocol(f"{server} broke off in the middle of the answer. Ask again.")


def silent(server: str, seconds: float) -> errors.UpstreamTimeout:
    """Nothing came for too long."""
    return errors.UpstreamTimeout(
        f"{server} has sent nothing for {seconds:.0f} seconds. Ask again, or try another model."
    )


def too_late(server: str) -> errors.UpstreamTimeout:
    """The turn's time is over."""
    return errors.UpstreamTimeout(f"{server} did not finish in the time given. Ask again, or ask for less.")
