"""Greetings, thanks, and who answers."""

from __future__ import annotations

import re

CONNECT = (
    '`/model` chooses a language model for the rest; to connect one: `c.JupyterAgent.model = "openai:<model>"` with `OPENAI_API_KEY` set, '
    "or `OPENAI_BASE_URL` for a local server."
)
#: It is followed by what there is and what can be asked of it.
INTRODUCTION = "Hello! I am the offline assistant: no language model, no network. I look things up in the live kernel and in this notebook."
_GREETING = re.compile(
    r"(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening)|greetings|yo)(?: there| agent| jupyter)?\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:thanks?|thank you|thx|great|perfect|nice|cool|awesome|ok|okay|good)(?:[ ,]*(?:a lot|so much|very much|that works|job|thanks|thank you))?\W*",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"(?:/?help(?: me)?|what (?:can|could|do) you (?:do|know|answer|help (?:me )?with|offer)|who are you|what are you|are you (?:an? )?(?:ai|llm|model|bot|gpt|chatgpt)|"
    r"how (?:do|can|should) (?:i|you) (?:use|ask|work with) (?:you|this)|how do you work|what (?:can|could|should) i ask(?: you)?|"
    r"(?:which|what) (?:model|llm)(?: (?:are you|is this|do you use))?|(?:what are )?your (?:skills|capabilities))\W*",
    re.IGNORECASE,
)


def talk(question: str) -> str | None:
    """The answer to small talk; None for everything else."""
    text = question.strip()
    if _THANKS.fullmatch(text):
        return "You are welcome."
    if not text:
        return f"Ask me something about the notebook's variables, data, errors or cells.\n\n{CONNECT}"
    return INTRODUCTION if _GREETING.fullmatch(text) or _HELP.fullmatch(text) else None
