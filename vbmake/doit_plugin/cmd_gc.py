"""`doit gc`: trim the local cache, and in a project what it no longer has."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin import where
from vbmake.doit_plugin.amounts import parse_bytes, parse_days, told_bytes
from vbmake.doit_plugin.command import FreeOrder, Rooted
from vbmake.doit_plugin.loader import OPTION_DIR
from vbmake.doit_plugin.option import flag, option
from vbmake.errors import WorkspaceError

Value = TypeVar("Value")

DRY_RUN = flag("dry-run", "tell what would be removed; remove nothing")
SIZE = option("size", "remove what was not used for longest until the cache is no larger than this", "10GB")
AGE = option("age", "remove what was not used for this long", "90d")
LEFT = option("left", "of jobs that left the project's plan, remove what was made this long ago", "7d")
PAID = flag("paid", "also remove what providers were paid for")

TARGETS = flag("targets", "also remove finished files that the project makes no more, where nobody has edited them")


class Collect(FreeOrder, Rooted, Command):  # type: ignore[misc]  # doit has no types
    """Removes what was not used for long."""

    name = "gc"
    doc_purpose = "trim the local cache by size and by age, and a project of what its plan no longer has"
    doc_usage = ""
    doc_description = (
        "The local cache (~/.cache/vbmake, or VBMAKE_CACHE_DIR) is shared by all projects of a user and grows until it "
        "is trimmed. What was made on this machine is made again when it is needed; what providers were paid for is "
        "spared, unless --paid is said. Builds may run meanwhile. Sizes are written 500MB, 10GB or 2GiB, ages 12h, "
        "30d, 2w, 6m or 1y. A remote cache is trimmed by a lifecycle rule of its bucket, which should keep v1/cas/ at "
        "least as long as v1/ac/.\n\n"
        "In a project, what jobs that are planned no more have made on the way (.vbmake/work), their logs and records "
        "are removed, too: --left says how long ago it must have been made. Going back to such a job restores what a "
        "cache still has. Its targets, those that have another name now, and stills in build/, stay and are named, "
        "unless --targets is said. A project in which a build runs is left as it is."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (DRY_RUN, SIZE, AGE, LEFT, PAID, TARGETS, OPTION_DIR)

    def perform(self, params: Any, args: list[str]) -> int:
        from vbmake.cache.settings import settings

        size = _read("--size", params["size"], parse_bytes)
        age = _read("--age", params["age"], parse_days)
        left = _read("--left", params["left"], parse_days)
        directory = settings().directory
        root = self.root(params) if params["cwdPath"] else where.nearest(Path.cwd())
        if directory is None:
            sys.stdout.write("there is no local cache: VBMAKE_CACHE_DIR is off\n")
        else:
            self._trim_cache(directory, size, age, params)
        if root is not None:
            self._trim_project(root, left, params)
        return 0

    def _trim_cache(self, directory: Path, size: int, age: float, params: Any) -> None:
        from vbmake.cache.gc import collect

        if directory.exists() and not directory.is_dir():
            raise WorkspaceError(f"{directory} is no directory: name one in VBMAKE_CACHE_DIR")
        trimmed = collect(directory, max_bytes=size, max_age_days=age, dry_run=params["dry_run"], paid=params["paid"])
        verb = "would remove" if params["dry_run"] else "removed"
        sys.stdout.write(
            f"{verb} {trimmed.removed} of {trimmed.removed + trimmed.kept} objects "
            f"({told_bytes(trimmed.removed_bytes)}) from {directory}; {told_bytes(trimmed.kept_bytes)} left\n"
        )

    def _trim_project(self, root: Path, age: float, params: Any) -> None:
        """Remove what is left of jobs that the project's plan no longer has."""
        from vbmake.doit_plugin.project import open_project
        from vbmake.run.leftovers import remove_leftovers
        from vbmake.run.lock import project_lock
        from vbmake.run.workspace import STATE

        if not (root / STATE).is_dir():  # nothing was built
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(project_lock(root / STATE / "lock"))
            except WorkspaceError as error:
                sys.stdout.write(f"{root} is left as it is: {error}\n")
                return
            project = open_project(root)  # read now that no build can make anything of another declaration
            if project.plan.pending:
                sys.stdout.write(f"{root} is left as it is: only a project that is built knows what it has no more\n")
                return
            how = {name: params[name] for name in ("dry_run", "paid", "targets")}
            found = remove_leftovers(project.workspace, project.plan, max_age_days=age, **how)
        if not found.jobs and not found.files:
            sys.stdout.write(f"nothing in {root} is left over\n")
        else:
            self._tell(root, found, params)
        if found.targets:
            sys.stdout.write(f"left there, and yours to remove: {', '.join(found.targets)}\n")

    def _tell(self, root: Path, found: Any, params: Any) -> None:
        verb = "would remove" if params["dry_run"] else "removed"
        sys.stdout.write(
            f"{verb} {_count(found.files, 'file')} ({told_bytes(found.bytes)}) of {_count(found.jobs, 'job')} "
            f"that {root} no longer has\n"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _read(option: str, text: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidCommand(f"{option} {text}: {error}") from None
