"""What jobs have left that are no longer planned: files made on the way, logs, records. No build needs it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from vbmake.errors import WorkspaceError
from vbmake.plan.draft import WORK
from vbmake.plan.generated import RULES
from vbmake.plan.types import BuildPlan, Tag
from vbmake.run.job import LEFT
from vbmake.run.workspace import Workspace
from vbmake.services import LOCAL

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Leftovers:
    """What was removed (or would be): jobs that are forgotten, files and their bytes.

    `targets` are the final targets of such jobs that stay: paths in the project.
    """

    jobs: int = 0
    files: int = 0
    bytes: int = 0
    targets: tuple[str, ...] = ()


def remove_leftovers(
    workspace: Workspace,
    plan: BuildPlan,
    *,
    max_age_days: float,
    dry_run: bool = False,
    paid: bool = False,
    targets: bool = False,
    clock: Callable[[], float] = time.time,
) -> Leftovers:
    """Forget the jobs that a whole plan does not have and that were done so long ago, with what they made on the way.

    Going back to them restores from the cache what that still has. Final targets are a person's to remove; with
    `targets` they go, too, however old, if they are as they were made. What a provider was paid for stays while no
    cache has its bytes, unless `paid`. Call it under the project's lock. Raises WorkspaceError for what cannot be
    removed.
    """
    assert not plan.pending, "what is not planned yet is not left over"
    before = clock() - max_age_days * DAY
    places = _Places(workspace)
    tags = workspace.tags.all()
    jobs = {job.id for job in plan.jobs}
    planned = {path for job in plan.jobs for path in job.outputs.values()}
    kept = set(planned)
    left: list[str] = []
    files: set[Path] = set()
    for name in sorted(tags.keys() - jobs):
        tag = tags[name]
        there = [path for path in _paths(tag) if not _is_work(path) and os.path.lexists(workspace.root / path)]
        old = [path for path in there if path not in planned]
        if targets and all(workspace.knowledge.intact(one) for one in tag.outputs.values() if one["path"] in old):
            files |= {workspace.root / path for path in old}
            there = []
        else:
            left += old
            there = old if name.startswith(LEFT) else there
        unshared = not paid and _is_paid(tag) and not workspace.cache.keeps(tag.key, tag.outputs)
        if there or unshared or (_when(tag) > before and not (targets and name.startswith(LEFT))):
            jobs.add(name)
            kept.update(_paths(tag))
    gone = {name: tag for name, tag in tags.items() if name not in jobs}
    made = {path for tag in gone.values() for path in _paths(tag)} - kept
    work = places.old_files(workspace.root / WORK, before)
    if not paid:  # without a record, nobody knows what it cost
        work = [path for path in work if path.relative_to(workspace.root / WORK).parts[0] not in RULES.values()]
    files |= {workspace.root / path for path in made if _is_work(path) and places.holds(workspace.root / path)}
    files |= {path for path in work if path.relative_to(workspace.root).as_posix() not in kept}
    logs = {workspace.log_path(name) for name in jobs}
    files |= {path for path in places.old_files(workspace.state / "logs", before) if path not in logs}
    sizes = {path: path.lstat().st_size for path in sorted(files) if os.path.lexists(path)}
    if not dry_run:
        for name in gone:
            workspace.tags.drop(name, "`gc` removed what was known of it when it was not planned")
        workspace.tags.compact()
        _remove(sizes)
        places.remove_empty(workspace.root / WORK)
        workspace.digests.forget_missing()
    return Leftovers(len(gone), len(sizes), sum(sizes.values()), tuple(sorted(left)))


def old_targets(workspace: Workspace, plan: BuildPlan) -> list[str]:
    """The final targets, of jobs that are planned no more or under other names, that are still there: their paths."""
    jobs = {job.id for job in plan.jobs}
    planned = {path for job in plan.jobs for path in job.outputs.values()}
    gone = (tag for name, tag in workspace.tags.all().items() if name not in jobs)
    paths = {path for tag in gone for path in _paths(tag) if not _is_work(path)} - planned
    return sorted(path for path in paths if os.path.lexists(workspace.root / path))


def _paths(tag: Tag) -> list[str]:
    return [str(output["path"]) for output in tag.outputs.values()]


def _is_work(path: str) -> bool:
    """Whether a recorded path is one that vbmake chose, below its own folder (of a still that went elsewhere, too)."""
    return path.startswith((f"{WORK}/", ".vbmake/stills/")) and ".." not in PurePosixPath(path).parts


def _when(tag: Tag) -> float:
    try:
        return datetime.fromisoformat(tag.when).timestamp()
    except ValueError:
        return 0.0


def _is_paid(tag: Tag) -> bool:
    options = tag.material.get("options")
    return isinstance(options, dict) and options.get("service", LOCAL) != LOCAL


class _Places:
    """The project's own folder, and what is really in it: a link in it may lead to files of somebody's."""

    def __init__(self, workspace: Workspace) -> None:
        self._top = os.path.realpath(workspace.state)

    def holds(self, path: Path) -> bool:
        """Whether a file (or a link) lies in the project's folder, by no link."""
        return os.path.realpath(path.parent).startswith(self._top + os.sep)

    def old_files(self, folder: Path, before: float) -> list[Path]:
        """The files below a folder that were last written before a time (s since 1970)."""
        found = []
        for top, _, names in os.walk(folder) if self.holds(folder / "any") else ():
            for path in (Path(top, name) for name in names):
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime <= before:
                        found.append(path)
        return found

    def remove_empty(self, folder: Path) -> None:
        """Remove the empty folders below one."""
        for top, _, _ in os.walk(folder, topdown=False) if self.holds(folder / "any") else ():
            if Path(top) != folder:
                with contextlib.suppress(OSError):  # most hold something
                    os.rmdir(top)


def _remove(files: Iterable[Path]) -> None:
    for path in files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise WorkspaceError(f"cannot remove {path}: {error.strerror or error}") from error
