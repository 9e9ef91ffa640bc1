"""The values of a whole group."""


def task_part():
    for number in range(3):
        yield {"name": str(number), "actions": [lambda number=number: {"value": number * 10}]}


def task_sum():
    def total(values):
        print(sorted(values.items()), sum(values.values()))

    return {"actions": [total], "getargs": {"values": ("part", "value")}, "verbosity": 2}
