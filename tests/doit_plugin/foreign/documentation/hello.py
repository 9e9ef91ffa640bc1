"""A task with a function and a command, and a target."""


def task_hello():
    """greet, in a file"""

    def greet(targets):
        with open(targets[0], "a") as stream:
            stream.write("from a function\n")

    return {"actions": ["echo from a command > %(targets)s", greet], "targets": ["hello.txt"], "clean": True}
