"""`doit clean`: remove what jobs made, the named ones or all; sources are never touched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from doit import cmd_clean
from doit.cmd_base import check_tasks_exist

from vbmake.disk import words
from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.graph import Graph
from vbmake.doit_plugin.project import job_of, locked, projects_of
from vbmake.errors import WorkspaceError


class Clean(ProjectCommand, cmd_clean.Clean):  # type: ignore[misc]  # doit has no types
    """doit's `clean`, where films are concerned without its recursion (which ends at some thousand tasks)."""

    foresees = True

    def _execute(self, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: Any = None) -> None:
        if not projects_of(self.task_list):
            super()._execute(dryrun, cleandep, cleanall, cleanforget, pos_args)
            return
        with locked(self.task_list, reading=dryrun):
            self._clean(dryrun, cleandep, cleanall, cleanforget, pos_args)

    def _clean(self, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: Any) -> None:
        graph = Graph(self.task_list)
        tasks = graph.tasks
        named = list(pos_args or [])
        check_tasks_exist(tasks, named, skip_wildcard=True)
        if named and not cleanall:
            chosen = self._expand(named)
            if not cleandep:
                chosen += [sub for name in chosen if tasks[name].has_subtask for sub in tasks[name].task_dep]
        else:
            cleandep = True
            chosen = [task.name for task in self.task_list]
            if self.sel_tasks and not cleanall:  # the default ones, as far as they are planned
                default = [graph.targets.get(word, word) for word in self._expand(self.sel_tasks)]
                chosen = [name for name in default if name in tasks]
        order = consumers_first(tasks, chosen, follow=cleandep)
        for name in [name for name in order if name not in named and is_paid_only_here(tasks[name])]:
            order.remove(name)
            self.outstream.write(f"kept {name}: it was paid for and is in no cache; name it to remove it\n")
        try:
            self.clean_tasks([tasks[name] for name in order], dryrun, cleanforget)
        except OSError as error:
            raise WorkspaceError(f"cannot remove {error.filename}: {words(error)}") from error
        if not dryrun:
            remove_empty(Path(path) for name in order if job_of(tasks[name]) for path in tasks[name].targets)


def is_paid_only_here(task: Any) -> bool:
    """Whether a provider made what a task has made, and no cache could bring it back."""
    handle = job_of(task)
    if handle is None or not handle.job.account:
        return False
    workspace = handle.project.workspace
    tag = workspace.tag(handle.job.id)
    return tag is not None and not workspace.cache.keeps(tag.key, tag.outputs)


def consumers_first(tasks: Any, names: Iterable[str], follow: bool) -> list[str]:
    """The tasks in an order in which each stands before those it needs; with `follow`, with all that they need."""
    wanted = dict.fromkeys(names)
    order: list[str] = []
    state: dict[str, bool] = {}  # False: being walked, True: done
    for start in wanted:
        stack = [(start, False)]
        while stack:
            name, back = stack.pop()
            if back:
                state[name] = True
                order.append(name)
                continue
            if name in state:
                continue
            state[name] = False
            stack.append((name, True))
            stack += [(need, False) for need in [*tasks[name].task_dep, *tasks[name].setup_tasks] if need not in state]
    return [name for name in reversed(order) if follow or name in wanted]


def remove_empty(paths: Iterable[Path]) -> None:
    """Remove the directories that cleaning has left empty, deepest first; never the current directory or above it."""
    folders = {parent for path in paths if not path.is_absolute() for parent in path.parents if str(parent) != "."}
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        if ".." not in folder.parts:
            with contextlib.suppress(OSError):
                folder.rmdir()
