"""Values between tasks, computed dependencies, delayed creation, setup and teardown."""

from doit import create_after, get_var
from doit.tools import config_changed, run_once

DOIT_CONFIG = {"verbosity": 2, "action_string_formatting": "both"}


def task_value():
    return {"actions": [lambda: {"answer": 42}], "uptodate": [run_once]}


def task_uses():
    def show(answer):
        print("the answer is", answer)

    return {"actions": [show], "getargs": {"answer": ("value", "answer")}}


def task_found():
    return {"actions": [lambda: {"file_dep": ["input.txt"]}]}


def task_computed():
    return {"actions": ["echo {dependencies} {changed}"], "calc_dep": ["found"]}


def task_server():
    return {"actions": ["echo up"], "teardown": ["echo down"], "uptodate": [config_changed(get_var("port", "80"))]}


def task_client():
    return {"actions": ["echo asks"], "setup": ["server"]}


@create_after(executed="value", target_regex=r".*\.late")
def task_late():
    for number in range(2):
        yield {"name": str(number), "actions": [f"touch {number}.late"], "targets": [f"{number}.late"]}
