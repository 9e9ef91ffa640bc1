"""Settings in the file: what is built by default, how it is told, where the state is kept."""

DOIT_CONFIG = {
    "default_tasks": ["wanted"],
    "continue": True,
    "reporter": "json",
    "dep_file": "state-of-ours",
    "backend": "json",
}


def task_wanted():
    return {"actions": ["echo wanted"], "file_dep": ["input.txt"]}


def task_unwanted():
    return {"actions": ["echo unwanted"]}
