"""The doit loader of a directory with a `video.yaml`: plans the film and shows its jobs as tasks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from doit import loader as doit_loader
from doit.cmd_base import TaskLoader2

from vbmake import heap
from vbmake.doit_plugin.project import FilmProject, open_project
from vbmake.doit_plugin.where import DECLARATION, nearest
from vbmake.errors import WorkspaceError

BACKEND = "vbmake"  # the name under which vbmake's commands know MarksDB
MARKS = ".vbmake/doit.db"

OPTION_DIR = {
    "section": "task loader",
    "name": "cwdPath",
    "short": "d",
    "long": "dir",
    "type": str,
    "default": None,
    "help": f"the project's directory, or one below it [default: the nearest with a {DECLARATION}]",
}


class VideoLoader(TaskLoader2):  # type: ignore[misc]  # doit has no types
    """Loads the project of `root`, or of the nearest directory upwards that has one."""

    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (OPTION_DIR,)

    def __init__(self, root: Path | None = None) -> None:
        super().__init__()
        self.root = root
        self.project: FilmProject | None = None
        self.here = Path.cwd()

    def locate(self, options: Any) -> Path:
        """The project's directory. Raises WorkspaceError when there is none."""
        said = options.get("cwdPath")
        if self.root is None or said:  # (`doit plan -d DIR`: before the word is read, the nearest project is taken)
            start = (self.here / (said or ".")).resolve()
            if not start.is_dir():
                raise WorkspaceError(f"{start} is not a directory")
            self.root = nearest(start)
            if self.root is None:
                raise WorkspaceError(
                    f"no {DECLARATION} in {start} or above it; `vbmake init` starts a project here, "
                    "`-d DIR` names the directory of one"
                )
        return self.root

    def setup(self, opt_values: Any) -> None:
        """Go to the project's directory: paths of tasks are relative to it."""
        root = self.locate(opt_values)
        doit_loader.initial_workdir = str(self.here)
        os.chdir(root)

    def load_doit_config(self) -> dict[str, Any]:
        """Defaults for a video project; what `doit.cfg` or `pyproject.toml` say of the same keys goes first."""
        settings = {"dep_file": MARKS, "backend": BACKEND, "num_process": processors()}
        said: set[str] = set()
        for section in ("GLOBAL", "run"):
            said |= set((self.config or {}).get(section, {}))
        return {name: value for name, value in settings.items() if name not in said}

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        """Plan (again, in a later round) and give the tasks. Raises ProjectError."""
        from vbmake.doit_plugin.tasks import tasks_of

        assert self.root is not None, "setup comes first"
        with heap.uncollected():
            self.project = open_project(self.root)
            tasks = tasks_of(self.project)
            heap.settle()
        self._as_targets(pos_args, tasks)
        return tasks

    def _as_targets(self, words: list[str], tasks: list[Any]) -> None:
        """Let a target be named as the shell completes it where the user stands, in the project or below it."""
        assert self.root is not None
        assert self.project is not None
        known = {target for task in tasks for target in task.targets} if words else set()
        for index, word in enumerate(words):
            path = os.path.relpath(self.here / word, self.root).replace(os.sep, "/")
            if word not in known and not self.project.may_have(word) and (path in known or self.project.may_make(path)):
                words[index] = path


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
