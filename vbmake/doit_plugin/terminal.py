"""What a terminal can be told: whether it can be drawn on, and text that it does not obey."""

from __future__ import annotations

import os
import re
from typing import Any

_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f]")

PLAIN = ("dumb", "unknown")  # what TERM says where the cursor cannot be moved: in an editor's shell, say


def harmless(text: str) -> str:
    """A text as a terminal shows it and obeys none of it: a tool may have said anything."""
    return _CONTROL.sub("?", text.replace("\r\n", "\n"))


def drawable(stream: Any) -> bool:
    """Whether bars can be drawn on a stream; rich, which draws them, asks the same, and else shows nothing at all."""
    if not getattr(stream, "isatty", lambda: False)():
        return False
    return os.environ.get("TERM", "").lower() not in PLAIN and os.environ.get("TTY_COMPATIBLE") != "0"
