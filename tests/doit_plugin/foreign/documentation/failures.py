"""Failures of every kind, and what depends on them."""

from doit.exceptions import TaskError, TaskFailed


def task_command():
    return {"actions": ["echo to stdout; echo to stderr >&2; exit 3"]}


def task_not_found():
    return {"actions": ["no-such-program-at-all 2>/dev/null"]}


def task_says_no():
    return {"actions": [lambda: False]}


def task_failed():
    return {"actions": [lambda: TaskFailed("failed, as it says")]}


def task_error():
    return {"actions": [lambda: TaskError("an error, as it says")]}


def task_needs():
    return {"actions": ["echo never"], "task_dep": ["command"]}


def task_no_such_file():
    return {"actions": ["echo never"], "file_dep": ["not-there.txt"]}
