"""What `vbmake doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was found of one thing, and how to mend it.

    `state`: ok; missing (something optional); amiss (films are built, but something that is asked for does not work);
    broken (films cannot be built).
    """

    state: str
    subject: str
    found: str
    mend: str = ""
