"""Paths as objects, wherever names may stand."""

from pathlib import Path

FOLDER = Path("objects")


def task_compile():
    source = Path("input.txt")
    target = FOLDER / source.with_suffix(".o")
    return {
        "actions": [["mkdir", "-p", FOLDER], ["cp", source, target]],
        "file_dep": [source],
        "targets": [target],
        "clean": True,
    }


def task_link():
    return {"actions": ["cat %(dependencies)s > %(targets)s"], "file_dep": [FOLDER / "input.o"], "targets": ["program"]}
