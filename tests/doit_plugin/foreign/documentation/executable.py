"""A file that is its own doit."""

import doit


def task_echo():
    return {"actions": ["echo executed"], "verbosity": 2}


if __name__ == "__main__":
    doit.run(globals())
