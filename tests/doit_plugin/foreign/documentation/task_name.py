"""Names that are given, and groups of groups."""


def task_hello():
    yield {"basename": "other", "actions": ["echo other"]}
    for number in range(2):
        yield {"basename": "numbered", "name": str(number), "actions": [f"echo {number}"]}


def task_named():
    return {"basename": "given", "actions": ["echo given"], "verbosity": 2}
