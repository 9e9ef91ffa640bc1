"""A function that says whether a task is up to date, and remembers why."""


def fewer_than(limit):
    def check(task, values):
        task.value_savers.append(lambda: {"count": values.get("count", 0) + 1})
        return values.get("count", 0) >= limit

    return check


def task_counted():
    return {"actions": ["echo counted"], "uptodate": [fewer_than(2)], "verbosity": 2}


def task_by_command():
    return {"actions": ["echo there is no file"], "uptodate": ["test -f made.txt"], "verbosity": 2}
