"""Every way in which a model's server fails, as our errors with what to do about it."""

from __future__ import annotations

import email.utils
import json
import re
import time
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from jupyter_agent.core import errors
from jupyter_agent.core.text import spelled_out
from jupyter_agent.kernelside.secrets import without_secrets
from jupyter_agent.kernelside.wire import clip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jupyter_agent.models.openai_compatible.provider import Provider

_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|exceed.{0,20}\bcontext\b|maximum.{0,40}tokens|maximum (prompt|input|model|sequence) length"
    r"|prompt is too long|too many (input )?tokens|token count\b.{0,40}\bonly supports|model token limit|max message tokens"
    r"|(input|inputs|prompt|sequence)\b.{0,40}\b(exceeds?|too long|longer than|less than \d+ tokens)|inputs\W{0,2} tokens \+"
    r"|range of input length|reduce the length|tokens must be reduced",
    re.IGNORECASE,
)
#: What a server says when a part of the request is not for it, and how that part is called in `wire.request`.
_UNKNOWN_PARTS = {
    "stream_options": re.compile(r"stream_options", re.IGNORECASE),
    "stream": re.compile(
        r"(not|n't|cannot|unsupported|must be verified)\b[^.]{0,60}\bstream(ed|ing)?\b"
        r"|\bstream(ed|ing)?\b[^.]{0,60}(not|n't|cannot|unsupported|disabled)\b",
        re.IGNORECASE,
    ),
    "tools": re.compile(
        r"(not|n't) support(ed)? .{0,20}(tool|function)|(tool|function).{0,40}(not|n't) (be )?support"
        r"|requires? --(jinja|enable-auto-tool-choice)|no endpoints.{0,40}tool",
        re.IGNORECASE,
    ),
    "schema": re.compile(
        r"unknown name\b.{0,80} at \W?tools|function_declarations|\bschema\b.{0,40}\b(tool|function)|\btools?\b.{0,60}\bschema\b"
        r"|(tool|function).{0,60}\bparameters\b.{0,40}\b(not|invalid|unsupported)",
        re.IGNORECASE,
    ),
    "bare_calls": re.compile(r"reasoning_content\b.{0,60}\b(passed back|missing|required)", re.IGNORECASE),
    "user_after_tool": re.compile(r"role \W?user\W{1,3}after (role )?\W?tool\b", re.IGNORECASE),
    "calls": re.compile(
        r"(missing a|invalid|corrupted) thought.?signature|tool_call_id|tool_calls|(role|found).{0,4}tool\b|roles must alternate",
        re.IGNORECASE,
    ),
    "system": re.compile(
        r"(system|developer) (role|message|prompt|instruction)s?.{0,40}(not|n't|\bun|only)|roles must alternate"
        r"|(not|n't) (support|allow|accept).{0,20}\bsystem\b"
        r"|\brole.{0,20}\bsystem\b|\bonly\b.{0,20}\buser\b.{0,12}\b(assistant|model)\b|user'? (and|or) '?(assistant|model)"
        r"|(found|got|unexpected|invalid|unknown)\W{1,6}(role\W{1,6})?system\b|\bsystem\b.{0,4} is not one of",
        re.IGNORECASE,
    ),
    "these_pictures": re.compile(
        r"at most [1-9]\d* image|unsupported image (format|type|media)"
        r"|(invalid|corrupt|damaged|malformed|too (large|big|many)|(could|can)(not| not|n't) (be )?(process|read|decod|load|open|identif)"
        r"|fail(ed|ure) to|exceed)\w*[^.]{0,60}\bimage|\bimages?\b[^.]{0,60}"
        r"(invalid|corrupt|damaged|malformed|too (large|big|many|small)|exceed|dimension|could not be (process|read|decod))",
        re.IGNORECASE,
    ),
    "pictures": re.compile(r"image|multi-?modal|vision|mmproj|content (type|part)", re.IGNORECASE),
    "extra": re.compile(
        r"extra (input|field)|additional propert|unknown (field|name|parameter|argument)|unrecognized|unsupported"
        r"|(reasoning|extra_content|thought)\w*.{0,60}\b(not|n't|unsupported|forbidden|invalid|must be removed)",
        re.IGNORECASE,
    ),
}
_FILTERED = re.compile(
    r"content.?(filter|management|policy)|responsible.?ai|data_inspection_failed|inappropriate content|prohibited.content"
    r"|\bflagged\b|moderation|usage polic",
    re.IGNORECASE,
)
#: Some have no status of its own for a wrong key.
_BAD_KEY = re.compile(r"api.?key.{0,12}\b(not valid|invalid|incorrect)|\b(incorrect|invalid) api.?key", re.IGNORECASE)
_ABOUT_KEY = re.compile(r"\bkey\b|token|credential|authenti|unauthori[sz]ed|signature", re.IGNORECASE)
_NOT_HERE = re.compile(r"countr(y|ies)|region|territor|location", re.IGNORECASE)
#: What is said where nothing is at the address at all.
_NO_PATH = re.compile(
    r"not.?found|no (route|handler)|cannot (get|post)|unexpected endpoint|invalid url|method not allowed"
    r"|(unknown|no such) (url|path|endpoint|request)",
    re.IGNORECASE,
)
#: The server could not read what its model wrote, which comes out differently the next time.
_BAD_CALL = re.compile(r"tool_use_failed|failed_generation|failed to (call a function|parse tool call)", re.IGNORECASE)
_LOADING = re.compile(r"loading|warming up|starting up|not (yet )?ready|initiali[sz]ing", re.IGNORECASE)
_NOT_LOADED = re.compile(r"(?<!\w)(error|fail\w*|unable|cannot|could not)\b.{0,20}\bload", re.IGNORECASE)
_WAIT = re.compile(
    r"(?:try again|retry(?:.?delay)?|wait|estimated_time)\D{0,40}?"
    r"((?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|d(?:ays?)?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])\s*)+)",
    re.IGNORECASE,
)
#: Seconds that are said in days, and that nothing that is asked for exceeds: a longer one is a mistake, or no plan.
_LONG_WAIT = 2 * 86_400.0
_LONGEST_WAIT = 31 * 86_400.0
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|mil|d|h|m|s)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "mil": 0.001, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_NO_MODEL = re.compile(
    r"(model|deployment).{0,200}(not (be )?found|not_found|does ?n.t exist|do(es)? not exist|unknown|not available|pull)"
    r"|\bnot_found_error model\b",
    re.IGNORECASE | re.DOTALL,
)
_SPENT = re.compile(
    r"insufficient.{0,10}(quota|credit|balance|funds)|exceeded your current quota|billing|credit balance"
    r"|(usage|spend\w*).{0,3}limits?\b.{0,60}(regain|reached)|reached your .{0,20}(usage|spend\w*) limit|enforced_spend_limit",
    re.IGNORECASE,
)
_MAX_REASON = 200
_QUOTE = ' It says: "'
#: What errors are called that come within an answer, and so without a status.
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "timeout_error": 504,
    "overloaded_error": 529,
}
#: Statuses after which the same request may succeed a moment later.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Failure(Exception):
    """A failed request on its way to one of our errors, with what decides whether and how it is tried again.

    Attributes:
        error: What the user gets.
        passing: The same request may succeed a moment later.
        wait: Seconds that the server asks for; None where it does not say.
        without: Parts of the request that this server may not take, as `wire.request` calls them, the likeliest first.
        is_loading: The server is there, and has to load the model first.
        is_other_model: The server has no such model.
    """

    def __init__(
        self,
        error: errors.UpstreamError,
        *,
        passing: bool = False,
        wait: float | None = None,
        without: tuple[str, ...] = (),
        is_loading: bool = False,
        is_other_model: bool = False,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.passing = passing
        self.wait = wait
        self.without = without
        self.is_loading = is_loading
        self.is_other_model = is_other_model


def from_exception(error: Exception, server: Provider) -> Failure:
    """Translate whatever the HTTP library or a parser raised while a server was asked.

    Args:
        error: Any exception; its text is never used as it is, because it may hold the key or the server's words.
        server: Who was asked.
    """
    if isinstance(error, Failure):
        return error
    if isinstance(error, errors.UpstreamError):
        return Failure(error)
    import httpx2

    if isinstance(error, httpx2.InvalidURL):
        return Failure(bad_url(server))
    if isinstance(error, httpx2.TimeoutException):
        return Failure(unreachable(server), passing=True)
    if "CERTIFICATE_VERIFY_FAILED" in f"{error} {error.__cause__}":
        return Failure(
            errors.UpstreamUnreachable(
                f"{server} shows a certificate that is not trusted here. If your company uses its own certificates, name "
                "their file in c.JupyterAgent.ca_file."
            )
        )
    if isinstance(error, (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)):
        return Failure(hung_up(server), passing=True)
    if isinstance(error, (httpx2.TransportError, OSError)):
        return Failure(unreachable(server), passing=True)
    return Failure(garbled(server))


def from_event(event: Mapping[str, Any], server: Provider) -> Failure:
    """Translate an error that comes in the place of an answer, or in its midst; its status is what its words say."""
    error = event.get("error")
    fields = error if isinstance(error, dict) else event
    code = fields.get("code")
    code = int(code) if isinstance(code, str) and re.fullmatch(r"[45]\d\d", code) else code
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    text = words(event)
    if status == 500 and re.search(r"rate.?limit|too many requests", text, re.IGNORECASE):
        status = 429
    elif status == 500 and _NO_PATH.search(text):
        status = 404
    elif status == 500 and (kind := str(fields.get("type"))) in _STATUSES:
        status = _STATUSES[kind]
    elif status == 500 and re.search(r"context|invalid.request", text, re.IGNORECASE):
        status = 400
    return from_status(status, event, server)


def from_status(status: int, body: object, server: Provider, headers: Mapping[str, str] | None = None) -> Failure:
    """Translate a failure that the server has a number and words for; the words decide.

    Args:
        status: Of HTTP.
        body: As JSON data, or as text where it is none. Its reason is shown, short and without secrets; all of it is for the log.
        server: Who was asked.
        headers: That came with it.
    """
    text = words(body)
    failure = _from_status(status, text, server, headers or {})
    failure.error.detail = text
    failure.error.upstream_status = status
    failure.error.retry_after = failure.wait
    own_words = reason(body)
    if (
        own_words
        # What is said of a key may repeat it.
        and not (isinstance(failure.error, errors.UpstreamAuth) and (status != 403 or _ABOUT_KEY.search(text)))
        and not isinstance(failure.error, errors.ContextTooLong)
        and not failure.is_other_model
    ):
        failure.error.message += f'{_QUOTE}{own_words}"'
    return failure


def _from_status(status: int, words: str, server: Provider, headers: Mapping[str, str]) -> Failure:
    # Whoever asks for fewer tokens a minute does not say it of this request, unless it alone has too many.
    is_too_long = _TOO_LONG.search(words) is not None and (status != 429 or "request too large" in words.lower())
    if status == 413 or (is_too_long and status <= 500):
        return Failure(
            errors.ContextTooLong(
                "The conversation does not fit the model. Start a new one with /clear, or lower "
                "c.JupyterAgent.context_tokens."
            )
        )
    if status in (400, 403, 422, 451) and _FILTERED.search(words):
        return Failure(
            errors.UpstreamRefused(
                f"The content filter of {server} stopped this question. Put it in other words, or leave out the cell or "
                "output that it is about."
            )
        )
    if status == 403 and _NOT_HERE.search(words):
        return Failure(errors.UpstreamRefused(f"{server} does not serve where you are. Choose another provider."))
    if status == 403 and words.lstrip().startswith("<"):
        return Failure(
            errors.UpstreamAuth(
                f"{server}, or a proxy or firewall on the way to it, refuses the request (status 403). If the address and the key are "
                "right, ask who runs the network."
            )
        )
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(words)):
        is_about_key = status != 403 or not words.strip() or _ABOUT_KEY.search(words)
        hint = f" {server.key_hint}" if is_about_key else ""
        return Failure(errors.UpstreamAuth(f"{server} did not accept the key, or not for this model.{hint}"))
    if status == 402 or _SPENT.search(words):
        return Failure(errors.UpstreamRateLimit(f"The credit at {server} is used up. Look at the account's billing."))
    wait = retry_after(headers)
    if wait is None:
        wait = _wait_in(words)
    wait = None if wait is None else min(wait, _LONGEST_WAIT)
    if status == 429:
        when = "Wait a little and ask again." if wait is None else f"Ask again in {duration(wait)}."
        if wait is not None and wait > _LONG_WAIT:
            when = f"Try again later; it asks to wait {duration(wait)}."
        busy = errors.UpstreamRateLimit(f"{server} has too many requests at the moment. {when}")
        return Failure(busy, passing=True, wait=wait)
    if status >= 500 and _LOADING.search(words) and not _NOT_LOADED.search(words):
        error = errors.UpstreamError(f"{server} is still loading the model. Ask again in a moment.")
        return Failure(error, passing=True, wait=wait, is_loading=True)
    if status in (400, 422) and _BAD_CALL.search(words):
        error = errors.UpstreamError(f"{server} could not read the call that the model wrote. Ask again.")
        return Failure(error, passing=True)
    without: tuple[str, ...] = ()
    if status in (400, 404, 422, 500, 501):  # some say with status 500 which part of the request they stumble over
        without = tuple(part for part, sign in _UNKNOWN_PARTS.items() if sign.search(words))
    if status in PASSING:
        error = errors.UpstreamError(f"{server} reported an internal error (status {status}). Try again in a moment.")
        return Failure(error, passing=True, wait=wait, without=without)
    if 300 <= status < 400:
        return Failure(
            errors.UpstreamProtocol(
                f"{server} points to another address, which is not followed. Set {server.where} to the final one."
            )
        )
    if status in (400, 404) and not without and _NO_MODEL.search(words):
        return Failure(errors.UpstreamRefused(f"{server} has no such model."), is_other_model=True)
    if status in (404, 405) and not without and (not words.strip() or "<" in words or _NO_PATH.search(words)):
        return Failure(
            errors.UpstreamRefused(f"{server} does not answer at this path. {server.where} usually ends with /v1.")
        )
    return Failure(
        errors.UpstreamRefused(
            f"{server} refused the request (status {status}). Try another model, or a new conversation."
        ),
        without=without,
    )


#: How servers call options that they do not take, where that is not by name.
_OPTION_SIGNS = {
    "response_format": r"response_format|json_schema|json_object|grammar|structured output|guided"
    r"|output_(config\.)?format|text\.format",
    "tool_choice": r"tool.?choice",
    "reasoning_effort": r"effort",
    "stop": r"\bstop\b|stop_sequences",
}


def refused_options(failure: Failure, sent: Iterable[str]) -> Iterator[str]:
    """The options, of those that were sent, that the words name: without one of them the same request may succeed."""
    error = failure.error
    if error.upstream_status in (400, 404, 422, 500, 501) and not isinstance(error, errors.ContextTooLong):
        for name in sent:
            # Some write it in their own way: reasoningEffort.
            sign = _OPTION_SIGNS.get(name, rf"\b{re.escape(name).replace('_', '_?')}\b")
            if re.search(sign, error.detail, re.IGNORECASE):
                yield name


def blind(server: Provider, model: str) -> errors.UpstreamRefused:
    """It does not take pictures."""
    error = errors.UpstreamRefused(
        f"The model '{model[:100]}' at {server} does not see pictures. Leave them out, or choose a model that sees."
    )
    error.upstream_status = 400
    return error


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


def _wait_in(words: str) -> float | None:
    """Seconds that a server asks to wait in its words; None where it does not."""
    found = _WAIT.search(words)
    if found is None:
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _SPAN.findall(found[1]))


def words(body: object) -> str:
    """Code, type and message of an error object, as one text to look for signs in."""
    if isinstance(body, str):
        return body[:2000]
    fields = _fields(body)
    with suppress(RecursionError):
        parts = [
            fields.get(name) for name in ("code", "type", "status", "param", "message", "detail", "details", "error")
        ]
        parts += [_raw(fields), f"estimated_time {fields['estimated_time']} s" if "estimated_time" in fields else ""]
        return " ".join(str(part)[:2000] for part in parts if isinstance(part, (str, int, list, dict)))
    return ""


def reason(body: object) -> str:
    """The server's own words for people: one line, at most 200 characters, without secrets; empty where there are none."""
    if isinstance(body, str):
        own_words = body if len(body) <= _MAX_REASON and "<" not in body else ""
    else:
        fields = _fields(body)
        message = fields.get("message")
        detail = (message if isinstance(message, dict) else fields).get("detail")
        if isinstance(detail, list):
            entries = [entry for entry in detail if isinstance(entry, dict)]
            places = [
                ".".join(map(str, entry["loc"])) if isinstance(entry.get("loc"), list) else "" for entry in entries
            ]
            detail = "; ".join(
                f"{place}: {entry.get('msg', '')}".removeprefix(": ")
                for place, entry in zip(places, entries, strict=True)
            )
        given = (_raw(fields), message, detail, fields.get("error"))
        own_words = next((text for text in given if isinstance(text, str) and text.strip()), "")
    own_words = " ".join(spelled_out(own_words[: 4 * _MAX_REASON]).split())
    return clip(without_secrets(own_words), _MAX_REASON)


def _fields(body: object) -> Mapping[str, Any]:
    """The object of an error that says most: some send it within another, or in a list."""
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, dict) else body


def _raw(fields: Mapping[str, Any]) -> str:
    """What a router repeats of the server behind it."""
    metadata = fields.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not isinstance(raw, str):
        return ""
    with suppress(ValueError, RecursionError):
        return reason(json.loads(raw))
    return raw


def duration(seconds: float) -> str:
    """So long, in words."""
    if seconds < 100:
        return "a second" if seconds < 1.5 else f"{round(seconds)} seconds"
    if seconds <= _LONG_WAIT:
        return f"{round(seconds / 60)} minutes" if seconds < 6000 else f"{round(seconds / 3600)} hours"
    return f"{round(seconds / 86400)} days" if seconds < _LONGEST_WAIT else "more than a month"


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


def hung_up(server: Provider) -> errors.UpstreamUnreachable:
    """Somebody is there, and no answer came."""
    return errors.UpstreamUnreachable(
        f"{server} ended the connection without an answer. Ask again; if that does not help, its own log may say why. Is {server.where} "
        "right, with http or https as it should be?"
    )


def garbled(server: Provider) -> errors.UpstreamProtocol:
    """What came is not the protocol."""
    kind = "a server of its API" if server.key_header else "an OpenAI-compatible server"
    return errors.UpstreamProtocol(
        f"{server} does not answer as {kind} does. Is {server.where} right (usually it "
        "ends with /v1), or is there a login page in between?"
    )


def broken_off(server: Provider, cause: errors.UpstreamError | None = None) -> errors.UpstreamProtocol:
    """The answer was interrupted; by an error of the server's, if there is one."""
    error = errors.UpstreamProtocol(f"{server} broke off in the middle of the answer. Ask again.")
    if cause is not None and cause.detail:
        error.detail = cause.detail
        _, quote, own_words = cause.message.partition(_QUOTE)
        error.message += quote + own_words
    return error


def silent(server: Provider, seconds: float) -> errors.UpstreamTimeout:
    """Nothing came for too long."""
    return errors.UpstreamTimeout(
        f"{server} has sent nothing for {seconds:.0f} seconds. Ask again, or try another model."
    )


def compressed(server: Provider, encoding: str) -> errors.UpstreamProtocol:
    """What came is packed, though that was not asked for; a few bytes may become gigabytes."""
    return errors.UpstreamProtocol(
        f"{server} sends its answers compressed ({encoding[:20]}), though it is asked not to. Turn that off there, or in the "
        "proxy in between."
    )
