"""Functions with arguments of their own."""


def concatenate(first, second, sep=" "):
    print(first + sep + second)


def task_words():
    yield {"name": "list", "actions": [(concatenate, ["a", "b"])], "verbosity": 2}
    yield {"name": "both", "actions": [(concatenate, ["a"], {"second": "c", "sep": "-"})], "verbosity": 2}
