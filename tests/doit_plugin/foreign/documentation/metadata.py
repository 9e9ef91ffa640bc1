"""Words of one's own about a task."""

from collections import namedtuple

Owner = namedtuple("Owner", "name")


def task_with_meta():
    def show(task):
        print(task.meta)

    return {"actions": [show], "meta": {"owner": Owner("somebody"), "vbmake": "a word, no film"}, "verbosity": 2}
