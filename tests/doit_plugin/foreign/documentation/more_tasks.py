"""Imported by `import_tasks.py`."""


def task_first():
    """imported"""
    return {"actions": ["echo first"], "verbosity": 2}


def task_second():
    return {"actions": ["echo second"], "task_dep": ["first"], "verbosity": 2}
