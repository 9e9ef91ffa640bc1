"""`doit list`: a film's final targets and groups; `--all` shows every job."""

from __future__ import annotations

from typing import Any

from doit import cmd_list

from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.project import job_of


class List(ProjectCommand, cmd_list.List):  # type: ignore[misc]  # doit has no types
    """doit's `list`."""

    foresees = True

    def _list_all(self, include_subtasks: bool) -> Any:
        chosen = super()._list_all(include_subtasks)
        if not include_subtasks:
            handles = ((task.name, job_of(task)) for task in self.task_list)
            finals = {name for name, handle in handles if handle is not None and handle.job.final}
            shown = {task.name for task in chosen}
            if finals - shown:
                chosen = [task for task in self.task_list if task.name in shown | finals]
        return chosen
