"""What comes after what."""

DOIT_CONFIG = {"verbosity": 2}


def task_last():
    return {"actions": ["echo last"], "task_dep": ["middle"]}


def task_middle():
    return {"actions": ["echo middle"], "task_dep": ["f*"]}


def task_first():
    return {"actions": ["echo first"]}


def task_finest():
    return {"actions": ["echo finest"], "task_dep": ["first"]}
