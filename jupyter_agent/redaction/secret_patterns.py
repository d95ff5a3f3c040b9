"""What secrets look like: prefixes that makers of keys use, addresses, headers, and assignments to telling names.

Every expression runs in linear time: what repeats is bounded, or is shut off from starting again within itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters that the longest secret may have.
LONGEST = 16_384


class Pattern(NamedTuple):
    """How one kind of secret looks.

    Attributes:
        kind: What the user is told was withheld.
        needles: One of them is in every text that has such a secret; looking for these first is what makes it fast.
        regex: Group 1, if there is one, is the secret; else all of it is.
    """

    kind: str
    needles: tuple[str, ...]
    regex: re.Pattern[str]


def _looks(kind: str, needles: str, regex: str) -> Pattern:
    return Pattern(kind, tuple(needles.split()), re.compile(regex))


# Not within a word; the letter before may belong to an escape sequence of JSON, of a terminal, or of an address.
_ALONE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=[0-9;]m)|(?<=%[0-9A-F][0-9A-F]))"
_HAS_FIGURE = r"(?=[A-Za-z_-]{0,64}[0-9])"

#: Looked for in every text.
ANYWHERE = (
    _looks("Slack address", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,})"),
    _looks(
        "private key",
        "-----BEGIN",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        rf"(?:(?:[^-]|-(?!----)){{0,{LONGEST}}}-----END [A-Z0-9 ]{{0,40}}-----|[^-\"'{{}}<>]{{0,{LONGEST}}})",
    ),
    _looks("password in an address", "://", r"://[^\s:/@\"'<>]{0,256}:([^\s/\"'<>]{1,256})@"),
    _looks("token in an address", "://", r"://([A-Za-z0-9_-]{20,256})@"),
)
#: Only in texts that have a word of `LONG_WORD` letters, figures, - and _: each of these secrets is one, or has one.
LONG_WORD = 15
IN_LONG_WORDS = (
    _looks("API key", "sk-", rf"{_ALONE}sk-{_HAS_FIGURE}[A-Za-z0-9_-]{{20,}}"),
    _looks(
        "GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        rf"{_ALONE}(?:gh[pousr]_[A-Za-z0-9]{{20,}}|github_pat_[A-Za-z0-9_]{{20,}})",
    ),
    _looks("AWS key", "AKIA ASIA", rf"{_ALONE}(?:AKIA|ASIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])"),
    _looks("Slack token", "xox xapp-", rf"{_ALONE}(?:xox[a-s]|xapp)-[A-Za-z0-9-]{{10,}}"),
    _looks(
        "Google key",
        "AIza ya29. GOCSPX-",
        rf"{_ALONE}(?:AIza[A-Za-z0-9_-]{{30,}}|ya29\.[A-Za-z0-9_-]{{20,}}|GOCSPX-[A-Za-z0-9_-]{{20,}})",
    ),
    _looks("Hugging Face token", "hf_", rf"{_ALONE}hf_[A-Za-z0-9]{{20,}}"),
    _looks("GitLab token", "glpat- gldt- glrt- glptt-", rf"{_ALONE}gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{{20,}}"),
    _looks("Stripe key", "k_live_ k_test_ whsec_", rf"{_ALONE}(?:[rsp]k_(?:live|test)|whsec)_[A-Za-z0-9]{{16,}}"),
    _looks("package index token", "npm_ pypi-", rf"{_ALONE}(?:npm_[A-Za-z0-9]{{36}}|pypi-[A-Za-z0-9_-]{{50,}})"),
    _looks("SendGrid key", "SG.", rf"{_ALONE}SG\.[A-Za-z0-9_-]{{16,}}\.[A-Za-z0-9_-]{{16,}}"),
    _looks(
        "API key",
        "gsk_ xai- r8_ pplx- tvly- nvapi- lin_api_ ntn_ dop_v1_ dapi shpat_ figd_",
        rf"{_ALONE}(?:gsk_|xai-|r8_|pplx-|tvly-|nvapi-|lin_api_|ntn_|dop_v1_|dapi|shpat_|figd_)"
        rf"{_HAS_FIGURE}[A-Za-z0-9_-]{{24,}}",
    ),
    _looks("Telegram token", ":AA", rf"{_ALONE}[0-9]{{8,10}}:AA[A-Za-z0-9_-]{{33}}"),
    _looks(
        "JSON Web Token",
        "eyJ",
        r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf]))eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    ),
)
#: Only in texts that have, in lower case, one of `TELLING_WORDS`.
AFTER_TELLING_WORDS = (
    _looks(
        "token in an address",
        "token= key= sig= signature= password= secret=",
        r"[?&](?:[a-z_-]{0,20}(?:token|key)|sig|signature|password|[a-z_-]{0,20}secret)=([A-Za-z0-9._~+/%=-]{8,})",
    ),
    _looks(
        "Authorization header",
        "uthorization UTHORIZATION",
        r"(?i:authorization)[\\\"']{0,3}\s{0,3}[:=,]\s{0,3}[fb]?[\\\"']{0,3}(?:[A-Za-z-]{1,20}\s{1,3})?"
        r"(?=[A-Za-z._~+/-]{0,64}[0-9=])([A-Za-z0-9._~+/=-]{12,})",
    ),
    _looks(
        "Authorization header",
        "earer EARER",
        rf"{_ALONE}(?i:bearer)\s{{1,3}}(?=[A-Za-z._~+/-]{{0,64}}[0-9])([A-Za-z0-9._~+/=-]{{16,}})",
    ),
    _looks(
        "connection string",
        "AccountKey= SharedAccessKey= SharedAccessSignature= Password= Pwd= PWD=",
        r";\s{0,3}(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|PWD)=([^\s;\"'{}<>$()\\]{4,})",
    ),
    _looks(
        "password",
        "--pass --token --secret --api",
        r"--(?:password|passwd|token|secret|api-key)(?:=|\s{1,3})[\"']?([^\s\"'<$\[{(-][^\s\"'<>(){}\\]{3,})",
    ),
    _looks("password", "dentified DENTIFIED", r"(?i:identified by)\s{1,3}[\"']([^\"'\n]{4,256})[\"']"),
    _looks("password", "password", r"\blogin\s{1,3}\S{1,64}\s{1,3}password\s{1,3}([^\s\"'\\]{4,256})"),
    _looks(
        "password",
        "setenv( putenv( setdefault(",
        r"(?:setenv|putenv|setdefault)\(\\{0,3}[\"'][A-Za-z0-9_]{0,32}(?i:key|token|secret|password)\\{0,3}[\"'],\s{0,3}"
        r"\\{0,3}[\"']([^\"'\n\\]{4,256})",
    ),
    _looks("API key", "key", r"\"key\\{0,3}\":\s{0,3}\\{0,3}\"([0-9a-f]{32})\\{0,3}\""),
)

#: Parts of names that tell a secret; the short ones only where no letter is before them (compass, bypass).
NAME = (
    r"(?:passw(?:or)?d|passphrase|(?<![A-Za-z])(?:pass|pwd|dsn)|secret|token|credential"
    r"|(?:api|access|private|auth|account|encryption|signing|master|license|subscription)[_-]?key)"
)
#: A whole name that tells a secret.
TELLING_NAME = re.compile(rf"{NAME}s?(?:[_-][A-Za-z0-9_-]*)?\Z", re.IGNORECASE)
#: One of these is in every such name, in lower case.
NAME_WORDS = ("pass", "pwd", "dsn", "secret", "token", "credential", "key")
TELLING_WORDS = (*NAME_WORDS, "authorization", "bearer", "identified", "sig")

_QUOTE = r"\\{0,3}[\"']"
#: What is given to a name: ``= "…"``, ``: "…"``, ``=> '…'`` (the value in one of the first three groups), or plain up to
#: the end of the line (the value in the last). The value may itself hold assignments, so it is looked at, not taken.
ASSIGNED = re.compile(
    r"(?:=>|==?|:)(?=\s{0,3}[rbfuRBFU]{0,2}(?:\"\"(?=\")|''(?='))?"
    r"(?:\"([^\"\n]{4,4096})\"|'([^'\n]{4,4096})'|\\{1,3}[\"']([^\"'\n\\]{4,4096})\\{1,3}[\"'])"
    rf"|[ \t]{{0,8}}([^\s\"'`,;<>(){{}}\[\]$\\]{{8,512}}+)[ \t]{{0,8}}(?:#|\r?$|\\[rn]|{_QUOTE}))",
    re.MULTILINE,
)
#: What may stand before the name of a plain assignment.
BEFORE_PLAIN = re.compile(
    r"(?:.*(?:\\n|[\"']))?[ \t>+|-]{0,16}(?:%env |env: |export |set |ENV )?[A-Za-z0-9_.-]{0,64}", re.IGNORECASE
)
#: The end of a text in which a value has begun, or may begin, that is not over yet; `UNFINISHED_WORDS` as above.
UNFINISHED = re.compile(
    rf"(?:{NAME}s?(?:[_-][A-Za-z0-9_-]{{0,32}})?|authorization|bearer|basic|identified(?:\s{{1,3}}by)?|--[a-z-]{{4,8}}"
    r"|\blogin(?:\s{1,3}\S{1,64}(?:\s{1,3}password)?)?)"
    rf"(?:{_QUOTE})?\]?\s{{0,3}}(?:(?::\s{{0,3}}str\s{{0,3}})?(?:=>|==?|[:=,])\s{{0,3}})?[rbfu]{{0,2}}"
    rf"(?:{_QUOTE}(?:[^\"\n]{{0,512}}|[^'\n]{{0,512}})|[A-Za-z0-9-]{{0,64}}\s{{0,3}})?\Z",
    re.IGNORECASE,
)
UNFINISHED_WORDS = (*TELLING_WORDS, "basic", "login", "--")
#: Names of environment variables that hold secrets, and those that only sound like it.
ENVIRONMENT = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASS|PASSWORD|PASSWD|PASSPHRASE|PWD|DSN|AUTH|CREDENTIAL)S?(?:_|\d|$)"
    r"|(?:CONNECTION_STRING|DATABASE_URL|REDIS_URL|WEBHOOK_URL|_COOKIE)$",
    re.IGNORECASE,
)
NOT_ENVIRONMENT = re.compile(
    r"LIMIT|MAX|MIN_|COUNT|SIZE|TIMEOUT|EXPIR|TTL|SECONDS|DAYS|LIFETIME|GPG_KEY|KEYBOARD|KEYMAP"
    r"|(?:_ID|_FILE|_PATH|_DIR|_TYPE|_NAME|_ALGORITHM|_SOCK|_METHOD|_MODE)$|^(?:OLD)?PWD$",
    re.IGNORECASE,
)
#: Passwords that are words of other texts as well: withholding them would tear those apart.
COMMON = frozenset(
    [
        "password",
        "passw0rd",
        "changeme",
        "postgres",
        "postgresql",
        "jupyter",
        "jupyterlab",
        "notebook",
        "anaconda",
        "database",
        "disabled",
        "enabled",
        "required",
        "optional",
        "undefined",
        "username",
        "anonymous",
        "development",
        "production",
        "localhost",
        "keyring",
    ]
)
