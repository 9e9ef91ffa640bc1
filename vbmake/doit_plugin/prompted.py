"""`vbmake --prompt TEXT --output DIR`: from a prompt straight to the film, by way of a project that stays."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.where import DECLARATION
from vbmake.doit_plugin.wish import OPTIONS, speaker_of, wish_of
from vbmake.errors import VbmakeError, WorkspaceError
from vbmake.services import LOCAL
from vbmake.switches import OFFLINE

if TYPE_CHECKING:
    from vbmake.project.starter import Wish

REMEMBERED: Final = ".vbmake/prompted.json"
OUTPUT: Final = "build"
_OWN: Final = {option["long"]: option for option in OPTIONS}
_SAID: Final = {"seconds": "duration"}  # parts of a wish by the options that say them
Build = Callable[[Path, list[str]], int]


def is_meant(arguments: Sequence[str]) -> bool:
    """Whether a command line is this: it names no command first, and has a prompt."""
    if not arguments or not arguments[0].startswith("-"):
        return False
    return any(argument == "--prompt" or argument.startswith("--prompt=") for argument in arguments)


def run(arguments: Sequence[str], build: Build) -> int:
    """Make the project, have it built, and put the film beside it; the exit code.

    `build` builds the project of a directory with the other options of the command line.
    """
    from vbmake.doit_plugin.cmd_new import tell
    from vbmake.run.scripts import undrawn
    from vbmake.run.starting import start_project

    try:
        params, output, rest = _parsed(arguments)
        wish = wish_of(params)
        offline = _check_rest(rest)
        environ = {**os.environ, OFFLINE: "1"} if offline else os.environ

        def make(root: Path) -> None:
            if wish.provider != LOCAL and (letters := undrawn(wish.language)):
                raise InvalidCommand(
                    f"--language {wish.language}: the fonts that come with vbmake have no {letters} letters, so the "
                    "script would be paid for and the film could not be built; `vbmake new` writes a project to name "
                    "a font in"
                )
            speaker = speaker_of(wish)
            start_project(root, wish, speaker=speaker, resubmit=params["resubmit"], environ=environ, tell=tell)

        return _run(wish, output, rest, make, build)
    except InvalidCommand as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 3
    except VbmakeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def _run(wish: Wish, output: Path, rest: list[str], make: Callable[[Path], None], build: Build) -> int:
    from vbmake.project.words import slug
    from vbmake.run.starting import check_place

    # A prompt without Latin letters has a name of its own, too: another one must not find its directory taken.
    name = slug(wish.prompt) or f"film-{hashlib.sha256(wish.prompt.encode()).hexdigest()[:6]}"
    root, film = output / name, output / f"{name}.mp4"
    known = _remembered(root)
    facts = {"wish": wish.facts(), "film": film.name}
    if (root / DECLARATION).exists():
        _check_same(root, known, facts)
    else:
        if film.exists() and known is None:
            raise WorkspaceError(f"{film} is there already, and is not of such a project: choose another --output")
        check_place(root)
        _remember(root, facts)
        make(root)
    shown = os.path.relpath(root), os.path.relpath(film)
    code = build(root, rest)
    if code:
        sys.stderr.write(f"the project is {shown[0]}: mend it there, or give the same command again\n")
        return code
    _put(_built(root, name), film)
    sys.stdout.write(f"{shown[1]}\n{shown[0]}  (the project: edit its {DECLARATION}, then build it there)\n")
    return 0


def _parsed(arguments: Sequence[str]) -> tuple[dict[str, Any], Path, list[str]]:
    """Our options, the output, and all else. Raises InvalidCommand."""
    params = {option["name"]: option["default"] for option in OPTIONS}
    output, rest, waiting = OUTPUT, list[str](), list(arguments)
    while waiting:
        argument = waiting.pop(0)
        name, given, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or (name not in _OWN and name != "output"):
            rest.append(argument)
            continue
        kind = _OWN[name]["type"] if name in _OWN else str
        if kind is bool:
            params[name] = True
            continue
        if not given:
            if not waiting:
                raise InvalidCommand(f"--{name} needs a value")
            value = waiting.pop(0)
        if name == "output":
            output = value
        elif kind is int:
            if not value.isdecimal() or len(value) > 9:
                raise InvalidCommand(f"--{name} is a number, not {value}")
            params[name] = int(value)
        else:
            params[name] = value
    from vbmake.doit_plugin.cmd_new import place_of

    return params, place_of(output).absolute(), rest


def _check_rest(rest: list[str]) -> bool:
    """Whether no provider may be asked. Raises InvalidCommand for what a build does not understand."""
    from vbmake.doit_plugin.cmd_run import Run
    from vbmake.doit_plugin.loader import VideoLoader

    parser = Run(task_loader=VideoLoader(), config={}, bin_name="vbmake", cmds={}).cmdparser
    try:
        options, words = parser.parse(rest)
    except CmdParseError as error:  # doit's message goes on with all the options there are
        what = str(error).partition(" (parsing options")[0].removeprefix("Error parsing Command: ")
        what = ": ".join(line.rstrip(".") for line in what.splitlines() if line)
        raise InvalidCommand(f"{what}; `vbmake help new` and `vbmake help run` list the options") from None
    if words:
        raise InvalidCommand(
            f"{words[0]}: vbmake --prompt takes options only; `vbmake new NAME --prompt TEXT` writes a project "
            "without building it"
        )
    if options.get("cwdPath"):
        raise InvalidCommand("--dir is for projects that are there; --output says where this one is made")
    return bool(options.get("offline"))


def _remembered(root: Path) -> Mapping[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((root / REMEMBERED).read_bytes())
        return found if isinstance(found, dict) else None
    return None


def _remember(root: Path, facts: Mapping[str, Any]) -> None:
    from vbmake.disk import explained

    path = root / REMEMBERED
    with explained("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        ready = path.with_name(f"{path.name}.part")
        ready.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(ready, path)


def _check_same(root: Path, known: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> None:
    """Raises WorkspaceError unless the project that is there was made of the same arguments."""
    shown = os.path.relpath(root)
    if known is None:
        raise WorkspaceError(
            f"{shown} is a project that was not made this way: `vbmake -d {shown}` builds it, another --output makes "
            "another"
        )
    before = known.get("wish")
    if before == facts["wish"]:
        return
    now: Mapping[str, Any] = facts["wish"]
    other = [_SAID.get(name, name) for name in now if not isinstance(before, dict) or before.get(name) != now[name]]
    raise WorkspaceError(
        f"{shown} was made with another {', '.join(other)}: `vbmake -d {shown}` builds it as it is, another --output "
        "makes another"
    )


def _built(root: Path, name: str) -> Path:
    """The film of a project that was just built."""
    from vbmake.doit_plugin.opening import film_among
    from vbmake.run import stamp

    complete = stamp.check(root)
    found = film_among(complete.targets) if complete is not None else None
    film = root / (found or f"build/{name}.mp4")
    if film.suffix != ".mp4" or not film.is_file():
        raise WorkspaceError(f"the build of {os.path.relpath(root)} made no film")
    return film


def _put(film: Path, target: Path) -> None:
    """Copy a film, so that its place holds a whole one at any time."""
    from vbmake.disk import explained
    from vbmake.run.publish import flush

    near = target.with_name(f".{target.stem[:100]}.{os.getpid()}.part.mp4")
    with explained("write", target):
        try:
            shutil.copyfile(film, near)
            flush(near)
            os.replace(near, target)
        finally:
            near.unlink(missing_ok=True)
