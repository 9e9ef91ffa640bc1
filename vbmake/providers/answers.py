"""What an answer that is not 2xx says, in a line, and what sort of failure it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from vbmake.providers.delays import retry_after
from vbmake.providers.types import Account, Failure, Response, Sort
from vbmake.redact import scrub

LINE: Final = 400  # characters of a service's own words in a message

_WORDS: Final = ("detail", "message", "msg", "error", "title", "reason")
_MONEY: Final = re.compile(
    r"insufficient|exhausted balance|out of credit|no credit|billing|payment|top up|spend(?:ing)? limit|quota",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(
    r"nsfw|content[_ -]?(?:policy|filter|checker)|moderation|safety"
    r"|(?<!case[ -])sensitive|flagged|inappropriate|\bE005\b",
    re.IGNORECASE,
)


def line(text: str, longest: int = LINE) -> str:
    """A service's own words on one line, without keys or what moves a terminal, cut to `longest` characters."""
    words = scrub(" ".join("".join(letter if letter.isprintable() else " " for letter in text).split()))
    return words if len(words) <= longest else words[: longest - 3].rstrip() + "..."


def said(response: Response) -> str:
    """What the body of an answer says, on one line; "" for an empty body or one that is a page."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        text = response.content[: 4 * LINE].decode("utf-8", "replace")
        return "" if text.lstrip()[:1] == "<" else line(text)
    return line("; ".join(dict.fromkeys(_texts(body, 4))))


def headline(service: str, response: Response) -> str:
    """How a message of an answer that is not 2xx begins: who answered what."""
    words = sentence(said(response))
    return f"{service} answered {response.status}" + (f": {words}" if words else "")


def sentence(words: str) -> str:
    """A service's own words without the full stop at their end, because more follows; "..." stays."""
    return words[:-1] if words.endswith(".") and not words.endswith("..") else words


def refused(text: str) -> bool:
    """Whether a service's words say that a content filter stopped it."""
    return _REFUSED.search(text) is not None


def own_address(address: Any, account: Account) -> str:
    """A URL that an answer tells, when it is on the account's own host; else "".

    Behind a gateway answers name hosts that must not see the gateway's key; the same path of the base URL does it.
    """
    if not isinstance(address, str):
        return ""
    try:
        there, here = urlsplit(address), urlsplit(account.base_url)
    except ValueError:  # such as an unclosed IPv6 host
        return ""
    return address if (there.scheme, there.netloc) == (here.scheme, here.netloc) else ""


def failure(service: str, key: str, response: Response) -> Failure:
    """Sort an answer of `service`; `key` is the environment variable of its key unless the project names another."""
    sort, advice = _sorted(response.status, said(response), key)
    after = retry_after(response) if sort in ("rate", "transient") else None
    return Failure(sort, f"{headline(service, response)}; {advice}", retry_after=after)


def _sorted(status: int, words: str, key: str) -> tuple[Sort, str]:
    """The sort of failure, and what to do next."""
    money = _MONEY.search(words) is not None
    if status == 402 or (status == 403 and money):
        return "quota", "the account cannot pay for it: add credit there, then build again"
    if status == 401 or status == 403:
        return (
            "auth",
            f"check the key in the environment variable of this provider ({key} by default) and what it may do",
        )
    if status == 429:
        return "rate", "the limit of this account is reached, it is asked again later"
    if status >= 500 or status in (408, 409, 425):
        return "transient", "the service is in trouble, it is asked again later"
    if 300 <= status < 400:
        return "invalid", "a redirect is not followed with a key: check base_url"
    if refused(words):
        return "moderation", "its content filter refused this: change the prompt"
    if status == 404:
        return "invalid", "check the model's name and base_url"
    return "invalid", "change what is asked for, then build again"


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The words of an error in JSON, whatever its shape, outer before inner, with where they belong."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for item in value[:8]:
            yield from _texts(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        place = value.get("loc")
        prefix = ".".join(str(part) for part in place) + ": " if isinstance(place, list) and place else ""
        kind = value.get("type")
        suffix = f" ({kind})" if prefix and isinstance(kind, str) else ""
        for name in _WORDS:
            if name in value:
                yield from (f"{prefix}{text}{suffix}" for text in _texts(value[name], depth - 1))
