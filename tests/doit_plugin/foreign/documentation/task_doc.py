"""What `list` and `help` say of tasks."""


def task_by_docstring():
    """said by the function"""
    return {"actions": None}


def task_by_field():
    """not said"""
    return {"actions": None, "doc": "said by the field"}


def task__hidden():
    """a name that begins with an underscore"""
    return {"actions": ["echo hidden"]}


def task_members():
    yield {"name": None, "doc": "said of the group", "watch": ["."]}
    yield {"name": "one", "actions": None, "doc": "said of a member"}
