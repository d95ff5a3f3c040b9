"""Greetings, thanks, and what can be asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

CONNECT = (
    '`/model` chooses a language model for the rest; to connect one: `c.JupyterAgent.model = "openai:<model>"` with `OPENAI_API_KEY` set, '
    "or `OPENAI_BASE_URL` for a local server."
)
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


def talk(question: str) -> Sequence[str] | None:
    """The answer to small talk; None for everything else."""
    text = question.strip()
    if not text:
        return ["Ask me something about the notebook's variables, data, errors or cells.", CONNECT]
    if _GREETING.fullmatch(text):
        return [
            "Hello! I am the offline assistant: I answer from the live kernel and this notebook, without a network.",
            *_abilities(),
        ]
    if _THANKS.fullmatch(text):
        return ["You are welcome."]
    if _HELP.fullmatch(text):
        return [
            "I am the offline assistant: no language model, no network. I look things up in the live kernel and in this notebook.",
            *_abilities(),
        ]
    return None


def _abilities() -> Sequence[str]:
    return [
        (
            "You can ask, in your own words and with follow-ups:\n\n"
            "- **Variables**: *which variables are there? what is `x`? where was it defined? how big is it?*\n"
            "- **Tables**: *columns of `df`, missing values, unique values, mean price by city, top 5 by price, how many rows where …*\n"
            "- **Code with your names**: *plot price by date, merge the two tables, pivot, sort, filter, fill missing values, read a file*\n"
            "- **Errors**: *what went wrong? how do I fix it?*\n"
            "- **The notebook**: *summarise this notebook, what does cell 3 do? which packages are imported?*"
        ),
        CONNECT,
    ]
