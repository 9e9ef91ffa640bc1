"""The fast answer to "is there anything to do?": the stats of every file that matters, as a complete build left them.

`check` imports next to nothing but os, sys and json: an unchanged project is recognised before the planner is loaded.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from vbmake.switches import INDIFFERENT

FILE = ".vbmake/stamp.json"
FORMAT = 1
TICK = 0.02  # seconds: no file system that shows nanoseconds has a coarser clock (the kernel's jiffy is 1 to 10 ms)

Facts = tuple[int, int, int, int]  # size, mtime_ns, inode, ctime_ns


class Summary(NamedTuple):
    """What the last complete build made: how many jobs it has, and the paths of its final targets."""

    jobs: int
    targets: tuple[str, ...]


def facts(stat: os.stat_result) -> Facts:
    """What of a stat is compared. A directory is known by its times (they change with its list of names)."""
    return (stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)


def check(root: str | os.PathLike[str], environment: Mapping[str, str] | None = None) -> Summary | None:
    """The summary of the last complete build when nothing that matters has changed since; None when one must look.

    Costs one small file and a stat for each file of the project.
    """
    base = os.fspath(root)
    try:
        with open(os.path.join(base, FILE), "rb") as stream:
            stored = json.loads(stream.read())
        if stored["format"] != FORMAT or stored["identity"] != _identity(environment):
            return None
        stat, folder = os.stat, os.path.join(base, "")
        for path, size, mtime, inode, ctime in stored["files"]:
            found = stat(path if path[0] == "/" else folder + path)  # (`join` would take as long as `stat`)
            if (
                found.st_mtime_ns != mtime
                or found.st_size != size
                or found.st_ino != inode
                or found.st_ctime_ns != ctime
            ):
                return None
        for path in stored["absent"]:
            if os.path.lexists(os.path.join(base, path)):
                return None
        return Summary(int(stored["jobs"]), tuple(stored["targets"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def recorded(root: str | os.PathLike[str]) -> dict[str, Facts | None] | None:
    """The facts by path of all that the last complete build rests on, None for what was absent; None without one."""
    try:
        with open(os.path.join(os.fspath(root), FILE), "rb") as stream:
            stored = json.loads(stream.read())
        files: dict[str, Facts | None] = {path: (size, *times) for path, size, *times in stored["files"]}
        return {**files, **dict.fromkeys(stored["absent"])} if stored["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(
    root: str | os.PathLike[str],
    files: Mapping[str, Facts],
    absent: Iterable[str],
    summary: Summary,
    *,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Remember a complete build: `files` by path (relative to the root, or absolute) with the facts at that time.

    A file that was written in this very tick of the clock could be written again without its facts changing, so we
    wait for the next tick; where times are kept in whole seconds nothing is remembered (the next build will). Nor is it
    when the clock has jumped back behind a file's last change: the clock will be there once more. (A time of last
    modification may lie ahead all the same: programs set it. The time of last change is the kernel's.) Returns whether
    the stamp was written. Raises OSError.
    """
    from pathlib import Path

    from vbmake.plan.canonical import compact_json
    from vbmake.run.publish import replacing

    data = compact_json(
        {
            "format": FORMAT,
            "identity": _identity(environment),
            "jobs": summary.jobs,
            "targets": summary.targets,
            "absent": sorted(absent),
            "files": [(path, *fact) for path, fact in sorted(files.items())],
        }
    )
    now = clock()
    changed = max((fact[3] for fact in files.values()), default=0) / 1e9
    near = min((abs(now - fact[1] / 1e9) for fact in files.values()), default=TICK)
    coarse = [fact for fact in files.values() if not fact[3] % 1_000_000]  # as far as one can see
    if changed - now > TICK or any(min(now - fact[3] / 1e9, abs(now - fact[1] / 1e9)) < 2 for fact in coarse):
        return False
    if (age := max(0.0, min(now - changed, near))) < TICK:
        sleep(TICK - age)
    path = Path(root, FILE)
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as stream:
        stream.write(data)
    return True


def remove(root: str | os.PathLike[str]) -> None:
    """Forget the last complete build, as every build does before it changes anything."""
    try:
        os.unlink(os.path.join(os.fspath(root), FILE))
    except OSError:
        return


def _identity(environment: Mapping[str, str] | None) -> list[object]:
    """Who builds: this Python, this vbmake, and the variables that decide which tools are found and used how."""
    env = os.environ if environment is None else environment
    matters = (name for name in env if name == "PATH" or (name.startswith("VBMAKE_") and name not in INDIFFERENT))
    said = sorted((name, env[name]) for name in matters)
    return [sys.version, sys.executable, os.path.dirname(os.path.abspath(__file__)), [list(pair) for pair in said]]
