"""doit's graph of the tasks of one round of planning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.control import TaskControl
from doit.exceptions import InvalidTask

from vbmake.doit_plugin.expected import expected
from vbmake.doit_plugin.project import spelt


class Graph(TaskControl):  # type: ignore[misc]  # doit has no types
    """doit's `TaskControl`, in which a task may need what films are yet to be planned to have, and spell paths its way.

    Raises InvalidTask where one needs what nothing has and no film may come to have.
    """

    def __init__(self, tasks: Sequence[Any]) -> None:
        super().__init__([*tasks, *expected(tasks)])

    def _check_dep_names(self) -> None:  # called before doit enters the first target
        self.targets = Targets()
        super()._check_dep_names()
        for task in self.tasks.values():
            for name in task.calc_dep:  # doit itself would end with a traceback, in the middle of the build
                if name not in self.tasks:
                    raise InvalidTask(f"{task.name}. Task dependency '{name}' does not exist.")


class Targets(dict[str, str]):
    """Who makes a file, by its path, however that is spelt: `build/a.mp4`, `./build/a.mp4`, `/home/me/build/a.mp4`.

    What tasks say, and doit records, stays as it is.
    """

    def __setitem__(self, path: str, task: str) -> None:
        super().__setitem__(spelt(path), task)

    def __missing__(self, path: str) -> str:
        plain = spelt(path)
        if plain == path or not super().__contains__(plain):
            raise KeyError(path)
        return super().__getitem__(plain)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and super().__contains__(spelt(path))

    def get(self, path: str, default: Any = None) -> Any:
        """The task that makes a file, or `default`."""
        try:
            return self[path]
        except KeyError:
            return default
