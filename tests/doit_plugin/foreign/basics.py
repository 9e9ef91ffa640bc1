"""Commands, groups, dependencies, cleaning: the everyday doit project."""

DOIT_CONFIG = {"default_tasks": ["report"], "verbosity": 2}


def task_make():
    """write three files"""
    for name in "abc":
        yield {
            "name": name,
            "actions": [f"echo {name} > {name}.out"],
            "targets": [f"{name}.out"],
            "file_dep": ["input.txt"],
            "clean": True,
        }


def task_report():
    """count them"""
    return {
        "actions": ["cat %(dependencies)s | sort | tr -d '\\n' > report.out", "cat report.out"],
        "file_dep": ["a.out", "b.out", "c.out"],
        "targets": ["report.out"],
        "clean": True,
    }


def task_fails():
    """a task that fails"""
    return {"actions": ["echo going wrong; exit 3"], "task_dep": ["report"]}


def task_after_failure():
    return {"actions": ["echo never"], "task_dep": ["fails"]}
