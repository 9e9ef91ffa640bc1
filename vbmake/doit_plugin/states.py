"""The state of tasks as doit's commands ask for it: a job's is its workspace's, any other's is in doit's own file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from doit.dependency import DependencyStatus

from vbmake.doit_plugin.project import is_group, job_of

WORDS = {"current": "up-to-date", "fetch": "run", "run": "run", "maybe": "run"}


class JobStates:
    """doit's `Dependency` with the jobs of films looked up where they are recorded."""

    def __init__(self, plain: Any, tasks: Iterable[Any]) -> None:
        self.plain = plain
        self.tasks = {task.name: task for task in tasks}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def get_status(self, task: Any, tasks_dict: Any, get_log: bool = False) -> Any:
        """Whether a task would run; a group is up to date when all its members are."""
        if (handle := job_of(task)) is not None:
            result = DependencyStatus(get_log)
            result.status = WORDS[handle.project.workspace.status(handle.job).state]
            return result
        if is_group(task):
            result = DependencyStatus(get_log)
            members = (self.tasks[name] for name in task.task_dep)
            if any(self.get_status(member, tasks_dict).status != "up-to-date" for member in members):
                result.status = "run"
            return result
        return self.plain.get_status(task, tasks_dict, get_log)

    def save_success(self, task: Any, result_hash: Any = None) -> None:
        """Record a task of the user's; a job was recorded by its workspace when it ended."""
        if job_of(task) is None and not is_group(task):
            self.plain.save_success(task, result_hash=result_hash)

    def remove_success(self, task: Any) -> None:
        """Drop what is recorded of a failed task; a job keeps the record of its last success, as the key tells."""
        if job_of(task) is None and not is_group(task):
            self.plain.remove_success(task)

    def remove(self, name: str) -> None:
        """Forget a task: what doit knows of it, and for a job also what its workspace does."""
        self.plain.remove(name)
        task = self.tasks.get(name)
        handle = job_of(task) if task is not None else None
        if handle is not None:
            handle.project.workspace.forget(handle.job.id)

    def remove_all(self) -> None:
        """Forget every task."""
        for name in self.tasks:
            self.remove(name)
        self.plain.remove_all()
