"""A cleaning function that knows of dry runs, and one that does not."""


def careful(dryrun):
    print("careful, dry:", dryrun)


def careless():
    print("careless")


def task_clean_me():
    return {"actions": None, "clean": [careful, careless]}
