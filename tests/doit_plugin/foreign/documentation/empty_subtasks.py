"""A group that may turn out to have no members."""

import glob


def task_xxx():
    """never any"""
    yield {"basename": "xxx", "name": None, "doc": "a group, whether or not it has members"}
    for path in glob.glob("*.xyz"):
        yield {"name": path, "actions": [f"echo {path}"]}
