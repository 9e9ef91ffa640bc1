"""Whether what is told goes to a terminal that can be drawn on."""

from __future__ import annotations

import os
from typing import Any

PLAIN = ("dumb", "unknown")  # what TERM says where the cursor cannot be moved: in an editor's shell, say


def drawable(stream: Any) -> bool:
    """Whether bars can be drawn on a stream; rich, which draws them, asks the same, and else shows nothing at all."""
    if not getattr(stream, "isatty", lambda: False)():
        return False
    return os.environ.get("TERM", "").lower() not in PLAIN and os.environ.get("TTY_COMPATIBLE") != "0"
