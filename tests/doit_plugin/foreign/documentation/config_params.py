"""Variables of the command line."""

from doit import get_var

CONFIG = {"level": get_var("level", "none")}


def task_echo():
    return {"actions": [f"echo {CONFIG}"], "verbosity": 2}
