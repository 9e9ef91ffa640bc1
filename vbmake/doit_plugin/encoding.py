"""A terminal or a pipe that does not take every character: it is told the others with backslashes."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

BACKSLASHES = "backslashreplace"


def bear_all() -> None:
    """Have the standard streams take any text: a title or the name of a file shall not end a command.

    Where the bytes of such a name come out as they are (in a locale that asks for it), they still do.
    """
    for stream in {id(one): one for one in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)}.values():
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            if stream.errors == "surrogateescape" and takes(stream, "✓"):
                continue
            with contextlib.suppress(OSError, ValueError):  # closed, or what stands in it cannot be written
                stream.reconfigure(errors=BACKSLASHES)


def takes(stream: Any, text: str) -> bool:
    """Whether a stream's encoding has all characters of a text; one without an encoding takes everything."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def json_for(stream: Any, value: Any, indent: int | None = None) -> str:
    """The JSON of a value with a line's end: with its own characters, or with ASCII where the stream lacks some."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return (text if takes(stream, text) else json.dumps(value, indent=indent)) + "\n"
