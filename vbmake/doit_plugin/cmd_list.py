"""`doit list`: a film's final targets and groups; `--all` shows every job."""

from __future__ import annotations

from typing import Any

from doit import cmd_list

from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.project import job_of


class List(ProjectCommand, cmd_list.List):  # type: ignore[misc]  # doit has no types
    """doit's `list`."""

    def _list_all(self, include_subtasks: bool) -> Any:
        chosen = super()._list_all(include_subtasks)
        if not include_subtasks:
            shown = {task.name for task in chosen}
            finals = [
                task
                for task in self.task_list
                if (handle := job_of(task)) is not None and handle.job.final and task.name not in shown
            ]
            chosen = [task for task in self.task_list if task in [*chosen, *finals]] if finals else chosen
        return chosen
