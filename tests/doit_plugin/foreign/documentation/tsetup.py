"""What is set up before, and torn down after, only where it is needed."""

DOIT_CONFIG = {"verbosity": 2, "default_tasks": ["use_ab", "use_a"]}


def task_server():
    for name in "ab":
        yield {
            "name": name,
            "actions": [f"echo {name} up"],
            "teardown": [f"echo {name} down"],
            "uptodate": [True],
        }


def task_use_a():
    return {"actions": ["echo with a"], "setup": ["server:a"]}


def task_use_ab():
    return {"actions": ["echo with a and b"], "setup": ["server:a", "server:b"], "file_dep": ["input.txt"]}
