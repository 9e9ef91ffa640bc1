"""The variables of the environment that say how a build goes, and change nothing of what it makes.

Imports nothing: that nothing is to be done is found out before more is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping

OFFLINE = "VBMAKE_OFFLINE"  # no provider is asked
YES = "VBMAKE_YES"  # what the build may cost is agreed to
PLAYER = "VBMAKE_PLAYER"  # the program that shows a film
INDIFFERENT = frozenset((OFFLINE, YES, PLAYER))


def is_on(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable of the environment says yes."""
    return environ.get(name, "").strip().lower() not in ("", "0", "no", "false", "off")
