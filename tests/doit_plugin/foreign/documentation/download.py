"""Something that is fetched once, and put in order afterwards."""

from doit.tools import run_once


def task_fetch():
    return {"actions": ["cp input.txt fetched.txt"], "targets": ["fetched.txt"], "uptodate": [run_once]}


def task_shrink():
    return {
        "actions": ["tr -d e < fetched.txt > shrunk.txt"],
        "file_dep": ["fetched.txt"],
        "targets": ["shrunk.txt"],
    }
