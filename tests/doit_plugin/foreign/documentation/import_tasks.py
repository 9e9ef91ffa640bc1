"""Tasks from a module beside this one."""

from more_tasks import task_first, task_second  # noqa: F401 - doit looks for the names
