"""The core doit commands that need nothing but the film's loader and the states of its jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit import cmd_completion, cmd_dumpdb, cmd_forget, cmd_ignore, cmd_resetdep, cmd_strace
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin import where, words
from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.project import META, locked, projects_of


class Ignore(ProjectCommand, cmd_ignore.Ignore):  # type: ignore[misc]  # doit has no types
    """doit's `ignore`."""

    foresees = True

    def _execute(self, pos_args: Any) -> Any:
        if not pos_args and projects_of(self.task_list):
            raise InvalidCommand(f"ignore wants names of jobs; `{self.bin_name} list --all` shows them")
        with locked(self.task_list):
            return super()._execute(pos_args)


class TabCompletion(ProjectCommand, cmd_completion.TabCompletion):  # type: ignore[misc]  # doit has no types
    """doit's `tabcompletion`, with vbmake's commands where a film is concerned."""

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        if isinstance(self.loader, VideoLoader):
            self.cmds.update({name: words.load(name) for name in words.COMMANDS})
        return super().perform(params, args)


class Forget(ProjectCommand, cmd_forget.Forget):  # type: ignore[misc]  # doit has no types
    """doit's `forget`. Without names it forgets every job of a film, as no one of them stands for the others."""

    foresees = True

    def _execute(self, forget_sub: bool, forget_disable_default: bool, forget_all: bool) -> None:
        if isinstance(self.loader, VideoLoader) and not self.sel_tasks:
            forget_all = not forget_disable_default
        with locked(self.task_list):
            super()._execute(forget_sub, forget_disable_default, forget_all)


class ResetDep(ProjectCommand, cmd_resetdep.ResetDep):  # type: ignore[misc]  # doit has no types
    """doit's `reset-dep`, for tasks that keep their state in doit's file: a job's follows from its key."""

    def _execute(self, pos_args: Any = None) -> None:
        jobs = {task.name for task in self.task_list if META in (task.meta or {})}
        named = [name for name in pos_args or [] if name in jobs]
        if named or (jobs and isinstance(self.loader, VideoLoader)):
            raise InvalidCommand(
                f"reset-dep is not for jobs of a film ({', '.join(named) or 'all tasks here are'}): "
                "whether one is current follows from its inputs and outputs; `forget` drops what is recorded"
            )
        if projects_of(self.task_list):
            self.task_list = [task for task in self.task_list if task.name not in jobs]
        super()._execute(pos_args)


class DumpDB(cmd_dumpdb.DumpDB):  # type: ignore[misc]  # doit has no types
    """doit's `dumpdb`, for the state file of a `dodo.py`."""

    def execute(self, params: Any, args: list[str]) -> Any:
        if where.claimed({}, Path.cwd()) is not None:
            raise InvalidCommand("dumpdb is for the state file of a dodo.py; a film's records are in .vbmake/dag/")
        return super().execute(params, args)


class Strace(ProjectCommand, cmd_strace.Strace):  # type: ignore[misc]  # doit has no types
    """doit's `strace`, for shell actions of a `dodo.py`."""

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        if isinstance(self.loader, VideoLoader):
            raise InvalidCommand("strace is for shell actions of a dodo.py; what a job did is in .vbmake/logs/")
        return super().perform(params, args)
