"""Tasks that are created from what another task made."""

import glob

from doit import create_after


def task_parts():
    return {"actions": ["touch one.part two.part"]}


@create_after(executed="parts", target_regex=r".*\.joined")
def task_joined():
    for path in sorted(glob.glob("*.part")):
        yield {
            "name": path,
            "actions": [f"cp {path} %(targets)s"],
            "targets": [path.replace(".part", ".joined")],
            "file_dep": [path],
            "clean": True,
        }
