"""A command as a list of words and paths: no shell."""

from pathlib import Path


def task_show():
    return {"actions": [["cat", Path("input.txt"), "odd name; $HOME.txt"]], "verbosity": 2}
