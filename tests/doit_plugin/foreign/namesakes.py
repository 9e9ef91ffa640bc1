"""Tasks that are called like vbmake's commands and rules: they belong to this project."""


def task_plan():
    """the project's own plan"""
    return {"actions": ["echo my plan"], "verbosity": 2}


def task_why():
    return {
        "actions": ["echo because %(reason)s"],
        "params": [{"name": "reason", "short": "r", "default": "I say so"}],
        "verbosity": 2,
    }


def task_sync():
    for name in ("frame", "schema"):
        yield {"name": name, "actions": [f"echo syncing {name}"], "verbosity": 2}


def task_init():
    return {"actions": [], "task_dep": ["plan", "doctor"]}


def task_doctor():
    def look(pos):
        print("looking at", pos)

    return {"actions": [look], "pos_arg": "pos", "verbosity": 2}
