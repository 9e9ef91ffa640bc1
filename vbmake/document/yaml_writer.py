"""Writing YAML as a person would: plain data in the block style, short things in one line, and any text as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vbmake.document.yaml_reader import resolve

WIDTH: Final = 110  # columns
INDENT: Final = 2

# Texts that need no quotes for any reader of YAML: within brackets, and where a line holds nothing else.
_PLAIN: Final = re.compile(r"[^\W\d_]([\w .'’()%/&+-]*[\w.'’()%/&+])?")
_LINE: Final = re.compile(r"[^\W\d_](?!.*(: | #|  ))([\w .,;:?!'’“”()%/&+–—-]*[\w.,;?!'’“”()%/&+–—-])?")
_MEASURE: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?(ms|s|m|dB|%|px)|[0-9]+x[0-9]+")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # values in some YAML
_FOLDABLE: Final = re.compile(r"(?! )(?!.*  )[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]+(?<! )")
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BRACES: Final = re.compile(r"\{\{|\{%")


def dump(value: Any, indent: int = 0) -> str:
    """Plain data (mappings, lists, texts, numbers, booleans, null) as YAML, with a line break at its end.

    What is read back is equal. Texts of lone surrogates are no text: they must be cleaned before.
    """
    return "".join(f"{line}\n" for line in _block(value, indent))


def literal(value: Any) -> Any:
    """The same data as a declaration writes it, so that no text of it is taken for an expression."""
    if isinstance(value, str):
        return _BRACES.sub(lambda found: f"{{{{ '{found[0]}' }}}}", value)
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if isinstance(value, list | tuple) else value


def comment(text: str) -> str:
    """A text as comment lines, whatever it holds."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return "".join(f"# {line}".rstrip() + "\n" for line in _wrapped(words, WIDTH - 2))


def scalar(value: Any) -> str:
    """A value without parts, in one line."""
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    return "null" if value is None else json.dumps(value)


def _is_plain(text: str, pattern: re.Pattern[str] = _PLAIN) -> bool:
    if _MEASURE.fullmatch(text):
        return True
    return bool(pattern.fullmatch(text)) and text.lower() not in _WORDS and isinstance(resolve(text), str)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value)


def _alone(value: Any) -> str:
    """A value that nothing follows in its line."""
    return value if isinstance(value, str) and _is_plain(value, _LINE) else _flow(value)


def _fits(value: Any, room: int) -> bool:
    """Whether a value may stand in one line: it is short, and no list of mappings."""
    if isinstance(value, Mapping) and any(_has_rows(item) for item in value.values()):
        return False
    return not _has_rows(value) and len(_flow(value)) <= room


def _has_rows(value: Any) -> bool:
    return isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value)


def _block(value: Any, indent: int) -> list[str]:
    """The lines of a mapping or a list, one entry after the other."""
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        return [line for key, item in value.items() for line in _entry(f"{pad}{scalar(key)}:", item, indent)]
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return [line for item in value for line in _item(item, indent)]
    return [pad + _flow(value)]


def _entry(head: str, value: Any, indent: int) -> list[str]:
    room = WIDTH - len(head) - 1
    if isinstance(value, str) and len(_alone(value)) > room and _FOLDABLE.fullmatch(value):
        return [f"{head} >-", *(" " * (indent + INDENT) + line for line in _wrapped(value, WIDTH - indent - INDENT))]
    if not isinstance(value, Mapping | list | tuple) or not value or _fits(value, room):
        return [f"{head} {_alone(value)}"]
    return [head, *_block(value, indent + INDENT)]


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines, broken at single spaces; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _item(value: Any, indent: int) -> list[str]:
    pad = " " * indent
    if not isinstance(value, Mapping | list | tuple) or not value or _fits(value, WIDTH - indent - 2):
        return [f"{pad}- {_alone(value)}"]
    lines = _block(value, indent + INDENT)
    return [f"{pad}- {lines[0].lstrip()}", *lines[1:]]
