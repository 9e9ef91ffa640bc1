"""`doit watch`: build, and build again whenever a file is saved on which the film rests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake import process
from vbmake.doit_plugin import words
from vbmake.doit_plugin.cmd_run import OWN
from vbmake.doit_plugin.command import INTERRUPTED, FreeOrder, Rooted
from vbmake.doit_plugin.hearing import UNHEARD, unheard
from vbmake.doit_plugin.loader import OPTION_DIR, VideoLoader
from vbmake.doit_plugin.option import flag, option
from vbmake.doit_plugin.project import close_all
from vbmake.doit_plugin.session import terminable
from vbmake.doit_plugin.unknown import alike, names_of
from vbmake.errors import VbmakeError
from vbmake.run import stamp

INTERVAL = 0.3  # seconds between two looks
SETTLED = 0.1  # seconds without another change after which a save is over: editors write twice, or rename
SHARE = 0.05  # of one processor is what looking may take: where there are very many files they are looked at less often
MADE = ("build", "__pycache__", "vbmake.lock")  # what a build writes itself

PROCESSES = option("process", "how many jobs run at once [default: as many as there are processors]", "", short="n")
CONTINUE = flag("continue", "go on with all that does not need a job that failed", name="continue_", short="c")

Seen = Mapping[str, stamp.Facts | None]  # by path; None: there is no such file


class Watch(FreeOrder, Rooted, Command):  # type: ignore[misc]  # doit has no types
    """Builds on every save."""

    name = "watch"
    doc_purpose = "build, and build again whenever something is saved that the film is made of"
    doc_usage = "[TASK/TARGET...]"
    doc_description = (
        "Builds what `run` would build, then waits for a file to change, appear or vanish: the declaration, what it "
        "includes, data, sources, rules, fonts. A wrong declaration or a failed job is told, and the next save tries "
        "again; what is saved during a build is built after it. The film is replaced by a rename, so that a player "
        "that watches its file shows the new one.\n\n"
        "Files are looked at three times a second (less often where there are so many that it would take more than a "
        "twentieth of a processor), which works on network file systems, too. After a complete build those are looked "
        "at on which it rests, otherwise everything in the project's directory but `build/` and hidden files. "
        "Nobody is asked whether a build may cost what it costs: `--yes` agrees beforehand.\n\n"
        "Ctrl-C ends it: with exit code 0 while it waits, with 130 when it interrupts a build."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (PROCESSES, CONTINUE, *OWN, OPTION_DIR)

    def perform(self, params: Any, args: list[str]) -> Any:
        root = self.root(params)
        for word in args:
            if word in words.COMMANDS:
                raise InvalidCommand(f"watch builds, and {word} is a command; name jobs, groups or targets, or nothing")
        if params["process"] and not params["process"].isdecimal():
            raise InvalidCommand(f"-n {params['process']}: a number of jobs, such as -n 4")
        _refuse_unknown(root, args, self.bin_name)
        options = [f"--dir={root}", *(["-n", params["process"]] if params["process"] else [])]
        options += ["--continue"] if params["continue_"] else []
        options += [f"--{name}" for name in ("offline", "yes") if params[name]]
        unshown = bool(params["open_film"])

        def build() -> int:
            nonlocal unshown
            code = run([*options, *(["--open"] if unshown else []), "--", *args])
            unshown = unshown and code != 0
            return code

        def tell(text: str) -> None:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

        with terminable():
            return watch(root, build, tell)


def _refuse_unknown(root: Path, args: Sequence[str], bin_name: str) -> None:
    """Raises InvalidCommand for a word that names nothing: nothing that is saved is likely to change that."""
    if not args:
        return
    loader, given = VideoLoader(root), list(args)
    try:
        tasks = loader.load_tasks(None, given)
        assert loader.project is not None
        known = {task.name for task in tasks} | {target for task in tasks for target in task.targets}
        for word in given:
            if word not in known and "*" not in word and not loader.project.may_have(word):
                near = alike(word, names_of(tasks))
                hint = f"did you mean {' or '.join(near)}? " if near else ""
                raise InvalidCommand(f"{word} is no job and no target; {hint}`{bin_name} list --all` shows the jobs")
    except VbmakeError:  # told by the build, and mended by a save
        pass
    finally:
        close_all()


def run(arguments: Sequence[str]) -> int:
    """Build in a process of its own, in which the user's rules are loaded anew; its exit code.

    In a group of its own, too, so that an interrupt reaches it once, whether it comes from the terminal or as a signal;
    it therefore cannot ask at the terminal. Raises KeyboardInterrupt after the build has ended in good order.
    """
    program = [sys.executable, "-P", "-m", "vbmake", "run", *arguments]
    child = process.start(program, stdin=subprocess.DEVNULL)
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # by a shell's `&`, here and in all that is started
    interrupted = False
    while True:
        try:
            code = process.finish(child)
            break
        except KeyboardInterrupt:
            interrupted = True
            child.send_signal(signal.SIGTERM if ignored else signal.SIGINT)  # a second one has it wait for nothing more
    if interrupted:
        raise KeyboardInterrupt
    return code


def watch(
    root: Path,
    build: Callable[[], int],
    tell: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Call `build` at once and after each change, until an interrupt or until nobody reads any more; the exit code."""
    while True:
        before: Seen = everything(root)
        try:
            code = build()
        except KeyboardInterrupt:
            return INTERRUPTED
        if code == UNHEARD:
            return code
        try:
            rests = stamp.recorded(root) if code == 0 else None  # (of a build that failed early, an older one's stands)

            def look(paths: Seen | None = rests) -> Seen:
                return facts(root, paths) if paths else everything(root)

            before = rests or before
            tell("waiting for a change; Ctrl-C ends")
            began = clock()
            while (now := look()) == before:
                sleep(max(INTERVAL, (clock() - began) / SHARE))
                if unheard():
                    return UNHEARD
                began = clock()
            sleep(SETTLED)
            while (later := look()) != now:
                now = later
                sleep(SETTLED)
            tell(_changed(before, now))
        except KeyboardInterrupt:
            return 0


def _changed(before: Seen, now: Seen) -> str:
    names = sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
    if not names:  # it is as it was again, but the build may have read what was there for a moment
        return "changed, and changed back"
    return f"changed: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def facts(root: Path, paths: Seen) -> Seen:
    """The facts of these files as they are now."""
    return {path: _facts(root / path) for path in paths}


def everything(root: Path) -> Seen:
    """The facts of every file in a project's directory that no build makes and that is not hidden."""
    found: dict[str, stamp.Facts | None] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _is_left_out(name, folder, root)]
        for name in files:
            if not _is_left_out(name, folder, root):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, root)] = _facts(path)
    return found


def _is_left_out(name: str, folder: str, root: Path) -> bool:
    return name.startswith(".") or (name in MADE and (name == "__pycache__" or folder == str(root)))


def _facts(path: str | Path) -> stamp.Facts | None:
    try:
        return stamp.facts(os.stat(path))
    except OSError:
        return None
