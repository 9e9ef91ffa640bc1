"""What a command says, for another task."""

from doit.action import CmdAction


def task_version():
    return {"actions": [CmdAction("echo 1.2.3", save_out="version")]}


def task_release():
    return {"actions": ["echo releasing %(v)s"], "getargs": {"v": ("version", "version")}, "verbosity": 2}
