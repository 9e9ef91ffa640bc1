"""doit's graph of the tasks of one round of planning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.control import TaskControl
from doit.exceptions import InvalidTask

from vbmake.doit_plugin.expected import expected


class Graph(TaskControl):  # type: ignore[misc]  # doit has no types
    """doit's `TaskControl`, in which a task may need what films are yet to be planned to have.

    Raises InvalidTask where one needs what nothing has and no film may come to have.
    """

    def __init__(self, tasks: Sequence[Any]) -> None:
        super().__init__([*tasks, *expected(tasks)])

    def _check_dep_names(self) -> None:
        super()._check_dep_names()
        for task in self.tasks.values():
            for name in task.calc_dep:  # doit itself would end with a traceback, in the middle of the build
                if name not in self.tasks:
                    raise InvalidTask(f"{task.name}. Task dependency '{name}' does not exist.")
