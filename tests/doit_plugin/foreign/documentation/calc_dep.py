"""Dependencies that another task finds out."""

DOIT_CONFIG = {"verbosity": 2}
INCLUDES = {"a.in": ["input.txt"], "b.in": ["a.in", "input.txt"]}


def task_written():
    for name in INCLUDES:
        yield {"name": name, "actions": [f"echo {name} > {name}"], "targets": [name]}


def task_scan():
    for name, needs in INCLUDES.items():
        yield {"name": name, "actions": [lambda needs=needs: {"file_dep": needs}], "file_dep": [name]}


def task_build():
    for name in INCLUDES:
        yield {
            "name": name,
            "actions": ["echo %(dependencies)s > %(targets)s"],
            "file_dep": [name],
            "targets": [f"{name}.out"],
            "calc_dep": [f"scan:{name}"],
        }
