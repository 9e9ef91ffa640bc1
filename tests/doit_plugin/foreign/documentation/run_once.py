"""Done once, and again when its target is gone."""

from doit.tools import run_once


def task_once():
    return {
        "actions": ["date > once.txt", "echo done"],
        "targets": ["once.txt"],
        "uptodate": [run_once],
        "verbosity": 2,
    }
