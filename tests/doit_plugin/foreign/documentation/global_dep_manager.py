"""The state of other tasks, asked for from a task."""

from doit import Globals


def task_keep():
    return {"actions": [lambda: {"kept": "a value"}], "file_dep": ["input.txt"]}


def task_ask():
    def ask():
        print("kept:", Globals.dep_manager.get_value("keep", "kept"))

    return {"actions": [ask], "task_dep": ["keep"], "verbosity": 2}
