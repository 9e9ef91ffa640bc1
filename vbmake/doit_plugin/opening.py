"""`--open`: show a finished film with the player of this desktop, or the one that VBMAKE_PLAYER names."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vbmake.switches import PLAYER

FILMS = (".mp4", ".mov", ".m4v", ".mkv", ".webm")
_SILENT = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]


def film_among(paths: Iterable[str]) -> str | None:
    """The first film of these paths; the first path when none is one; None when there is none at all."""
    found = list(paths)
    return next((path for path in found if path.lower().endswith(FILMS)), found[0] if found else None)


def show(path: str | os.PathLike[str] | None, out: Any, environment: Mapping[str, str] | None = None) -> None:
    """Show a file, and go on while it is looked at. One line says what is done, or why nothing can be shown."""
    if path is None:
        out.write("open: nothing of what was built can be shown\n")
        return
    try:
        command = player(os.environ if environment is None else environment)
        # A group of its own: Ctrl-C in this terminal ends builds, not the player. An argument list, and a path that
        # cannot be taken for an option or an address.
        arguments = [*command, str(Path(path).resolve())]
        os.posix_spawnp(command[0], arguments, os.environ, file_actions=_SILENT, setpgroup=0)
    except (LookupError, OSError) as error:
        reason = f"{command[0]}: {error.strerror}" if isinstance(error, OSError) else str(error.args[0])
        out.write(f"open: {os.fspath(path)} is not shown: {reason}\n")
        return
    out.write(f"open: {os.fspath(path)} ({Path(command[0]).name})\n")


def player(environment: Mapping[str, str], platform: str = sys.platform) -> Sequence[str]:
    """The program that shows a file, with its arguments. LookupError says why there is none."""
    said = environment.get(PLAYER, "").strip()
    if said:
        try:
            return shlex.split(said)
        except ValueError as error:
            raise LookupError(f"{PLAYER}={said}: {error}") from None
    if platform == "darwin":
        return ["open"]
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise LookupError(f"there is no display here; {PLAYER} may name a program that needs none")
    opener = shutil.which("xdg-open", path=environment.get("PATH"))
    if opener is None:
        raise LookupError(f"xdg-open is not installed; install xdg-utils, or name a player in {PLAYER}")
    return [opener]
