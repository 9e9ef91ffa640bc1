"""Which directory, if any, a command works on: the rule by which vbmake steps in and, above all, stays out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DECLARATION = "video.yaml"
DODO = "dodo.py"


def nearest(start: Path) -> Path | None:
    """The nearest directory with a `video.yaml`, from `start` upwards."""
    for directory in (start, *start.parents):
        if (directory / DECLARATION).is_file():
            return directory
    return None


def said(parser: Any, arguments: Sequence[str]) -> dict[str, Any]:
    """What a command line says of where its tasks are; for one of which `parser` cannot read everything."""
    found: dict[str, Any] = {}
    for option in (parser[name] for name in ("dodoFile", "cwdPath", "seek_file") if name in parser):
        given = os.environ.get(option.env_var) if option.env_var else None
        found[option.name] = option.default if given is None else given
        short, long = f"-{option.short}", f"--{option.long}"
        for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
            if word in (short, long):
                found[option.name] = True if option.type is bool else following
            elif option.type is not bool and word.startswith((f"{long}=", short)):
                found[option.name] = word.removeprefix(f"{long}=").removeprefix(short)
    return found


def claimed(options: Mapping[str, Any], here: Path) -> Path | None:
    """The project that plain `doit` shall build when called in `here`, or None when the call is not vbmake's.

    Not vbmake's: a `dodo.py` here or nearer than any `video.yaml`, a dodo file named by `-f` or `DOIT_FILE`, and a
    `dodo.py` anywhere above when the user asked doit to seek one.
    """
    if options.get("dodoFile", DODO) != DODO or (here / DODO).exists():
        return None
    if options.get("seek_file") and any((directory / DODO).exists() for directory in here.parents):
        return None
    start = (here / str(options["cwdPath"])).resolve() if options.get("cwdPath") else here
    for directory in (start, *start.parents):
        if (directory / DODO).exists():
            return None
        if (directory / DECLARATION).is_file():
            return directory
    return None


def dodo_may_be_meant(options: Mapping[str, Any], here: Path) -> bool:
    """Whether some dodo file is or may be meant by this call, so that every word belongs to its tasks."""
    if options.get("dodoFile", DODO) != DODO or (here / DODO).exists():
        return True
    return bool(options.get("seek_file")) and any((directory / DODO).exists() for directory in here.parents)
