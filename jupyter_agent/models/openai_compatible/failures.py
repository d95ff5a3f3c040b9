"""Every way in which a model's server fails, as our errors with what to do about it."""

from __future__ import annotations

import email.utils
import re
import time
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from jupyter_agent.core import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_agent.models.openai_compatible.provider import Provider

_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|maximum.{0,40}tokens|prompt is too long|too many (input )?tokens"
    r"|(input|prompt).{0,40}(exceeds|too long)|reduce the length",
    re.IGNORECASE,
)
#: What a server says when a part of the request is not for it, and how that part is called in `wire.request`.
_UNKNOWN_PARTS = {
    "stream_options": re.compile(r"stream_options", re.IGNORECASE),
    "system": re.compile(r"system (role|message)s?.{0,20}(not|n't).{0,12}support", re.IGNORECASE),
    "tools": re.compile(
        r"(not|n't) support(ed)? .{0,20}(tool|function)|(tool|function).{0,40}(not|n't) (be )?support"
        r"|requires? --(jinja|enable-auto-tool-choice)|no endpoints.{0,40}tool",
        re.IGNORECASE,
    ),
    "calls": re.compile(r"tool_call_id|tool_calls|role .?tool|roles must alternate", re.IGNORECASE),
    "pictures": re.compile(r"image|multi-?modal|vision|mmproj|content (type|part)", re.IGNORECASE),
}
_NO_MODEL = re.compile(
    r"(model|deployment).{0,200}(not (be )?found|does ?n.t exist|do(es)? not exist|unknown|not available|pull)",
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
        error: What the user gets.
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


def from_exception(error: Exception, server: Provider) -> Failure:
    """Translate whatever the SDK, its HTTP library or a parser raised while a server was asked.

    Args:
        error: Any exception; its text is never used as it is, because it may hold the key or the server's words.
        server: Who was asked.
    """
    import httpx2
    import openai

    if isinstance(error, Failure):
        return error
    if isinstance(error, errors.UpstreamError):
        return Failure(error)
    if isinstance(error, openai.APIStatusError):
        text = words(error.body) or str(error)[:2000]
        return from_status(error.status_code, text, server, error.response.headers)
    if isinstance(error, httpx2.InvalidURL):
        return Failure(bad_url(server))
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return Failure(unreachable(server), passing=True)
    if "CERTIFICATE_VERIFY_FAILED" in f"{error} {error.__cause__}":
        return Failure(
            errors.UpstreamUnreachable(
                f"{server} shows a certificate that is not trusted here. If your company uses its own certificates, name "
                "their file in c.JupyterAgent.ca_file."
            )
        )
    if isinstance(error, (openai.APIConnectionError, httpx2.TransportError, OSError)):
        return Failure(unreachable(server), passing=True)
    return Failure(garbled(server))


def from_status(status: int, words: str, server: Provider, headers: Mapping[str, str] | None = None) -> Failure:
    """Translate a failure that the server has a number and words for; the words decide, and are for the log alone."""
    failure = _from_status(status, words, server, headers)
    failure.error.detail = words
    failure.error.upstream_status = status
    failure.error.retry_after = failure.wait
    return failure


def _from_status(status: int, words: str, server: Provider, headers: Mapping[str, str] | None) -> Failure:
    if status == 413 or (status < 500 and _TOO_LONG.search(words)):
        return Failure(
            errors.ContextTooLong(
                "The conversation does not fit the model. Start a new one with /clear, or lower "
                "c.JupyterAgent.context_tokens."
            )
        )
    if status in (401, 403):
        return Failure(
            errors.UpstreamAuth(f"{server} did not accept the key, or not for this model. {server.key_hint}")
        )
    if status == 402 or _SPENT.search(words):
        return Failure(errors.UpstreamRateLimit(f"The credit at {server} is used up. Look at the account's billing."))
    if status == 429:
        wait = retry_after(headers or {})
        when = "Wait a little and ask again." if wait is None else f"Ask again in {_duration(wait)}."
        error = errors.UpstreamRateLimit(f"{server} has too many requests at the moment. {when}")
        return Failure(error, passing=True, wait=wait)
    # Some say with status 500 which part of the request they stumble over.
    if status in (400, 404, 422, 500, 501):
        for part, sign in _UNKNOWN_PARTS.items():
            if sign.search(words):
                return Failure(_not_taken(status, server), without=part)
    if status in PASSING:
        return Failure(
            errors.UpstreamError(f"{server} reported an internal error (status {status}). Try again in a moment."),
            passing=True,
            wait=retry_after(headers or {}),
        )
    if 300 <= status < 400:
        return Failure(
            errors.UpstreamProtocol(
                f"{server} points to another address, which is not followed. Set {server.where} to the final one."
            )
        )
    if status in (400, 404) and _NO_MODEL.search(words):
        return Failure(errors.UpstreamRefused(f"{server} has no such model."), without="model")
    if status in (404, 405):
        return Failure(
            errors.UpstreamRefused(f"{server} does not answer at this path. {server.where} usually ends with /v1.")
        )
    return Failure(_not_taken(status, server))


def _not_taken(status: int, server: Provider) -> errors.UpstreamRefused:
    return errors.UpstreamRefused(
        f"{server} refused the request (status {status}). Try another model, or a new conversation."
    )


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


def words(body: object) -> str:
    """Code, type and message of an error object, as one text to look for signs in."""
    if isinstance(body, str):
        return body[:2000]
    if not isinstance(body, dict):
        return ""
    inner = body.get("error")
    fields = inner if isinstance(inner, dict) else body
    parts = [fields.get("code"), fields.get("type"), fields.get("message"), fields.get("detail"), inner]
    with suppress(RecursionError):
        return " ".join(str(part)[:2000] for part in parts if isinstance(part, (str, int, list)))
    return ""


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 6000 else f"{round(seconds / 3600)} hours"


def no_such_model(server: Provider, model: str, names: tuple[str, ...]) -> errors.UpstreamRefused:
    """The server has others, which may be named: those with a similar name, if there are any."""
    names = tuple(name for name in names if name != model)
    near = (
        get_close_matches(model, names, 5, 0.5)
        or [name for name in names if len(model) > 2 and model.lower() in name.lower()][:5]
    )
    known = ", ".join(near or names[:20])
    hint = f" Did you mean {known}?" if near else f" It has: {known}." if names else ""
    if server.load and not near and re.fullmatch(r"[\w./:-]{1,100}", model):
        hint += f" Fetch it with `{server.load.format(model=model)}`."
    error = errors.UpstreamRefused(f"{server} has no model '{model[:100]}'.{hint} Set c.JupyterAgent.model.")
    error.upstream_status = 404
    return error


def bad_url(server: Provider) -> errors.UpstreamRefused:
    """The address is not one."""
    return errors.UpstreamRefused(f"{server.where} must be an address such as http://127.0.0.1:11434/v1.")


def unreachable(server: Provider) -> errors.UpstreamUnreachable:
    """Nobody answers there."""
    start = f" {server.start}" if server.start else ""
    return errors.UpstreamUnreachable(
        f"{server} cannot be reached. Is it running, and is {server.where} its address?{start}"
    )


def garbled(server: Provider) -> errors.UpstreamProtocol:
    """What came is not the protocol."""
    return errors.UpstreamProtocol(
        f"{server} does not answer as an OpenAI-compatible server does. Is {server.where} right (usually it "
        "ends with /v1), or is there a login page in between?"
    )


def broken_off(server: Provider) -> errors.UpstreamProtocol:
    """The answer was interrupted."""
    return errors.UpstreamProtocol(f"{server} broke off in the middle of the answer. Ask again.")


def silent(server: Provider, seconds: float) -> errors.UpstreamTimeout:
    """Nothing came for too long."""
    return errors.UpstreamTimeout(
        f"{server} has sent nothing for {seconds:.0f} seconds. Ask again, or try another model."
    )
