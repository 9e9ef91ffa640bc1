"""A checker of one's own: files are the same when they are equally long."""

import os

from doit.dependency import FileChangedChecker


class Length(FileChangedChecker):
    def check_modified(self, path, file_stat, state):
        return state != file_stat.st_size

    def get_state(self, path, current_state):
        size = os.stat(path).st_size
        return None if size == current_state else size


DOIT_CONFIG = {"check_file_uptodate": Length, "verbosity": 2}


def task_copy():
    return {"actions": ["cp input.txt copy.txt"], "file_dep": ["input.txt"], "targets": ["copy.txt"]}


def task_disturb():
    """the same length, other words"""
    return {"actions": ["tr a-z b-za < input.txt > other.txt", "mv other.txt input.txt"]}
