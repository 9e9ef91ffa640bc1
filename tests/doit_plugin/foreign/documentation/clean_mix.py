"""Cleaning by a command and by a function, beside the targets."""

from doit.task import clean_targets


def sweep(text):
    print("swept", text)


def task_dust():
    return {
        "actions": ["touch dust.txt"],
        "targets": ["dust.txt"],
        "clean": ["echo by a command", (sweep, ["by a function"]), clean_targets],
    }
