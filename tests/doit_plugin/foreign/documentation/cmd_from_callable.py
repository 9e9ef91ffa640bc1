"""A command that a function composes when it is needed."""

from doit.action import CmdAction


def task_composed():
    def command():
        return "echo composed of " + " and ".join(("this", "that"))

    return {"actions": [CmdAction(command)], "verbosity": 2}
