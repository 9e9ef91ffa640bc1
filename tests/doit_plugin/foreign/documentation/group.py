"""A name for several tasks."""


def task_foo():
    return {"actions": ["echo foo"]}


def task_bar():
    return {"actions": ["echo bar"]}


def task_both():
    """foo and bar"""
    return {"actions": None, "task_dep": ["foo", "bar"]}
