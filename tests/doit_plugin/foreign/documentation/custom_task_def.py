"""Objects that describe their own tasks."""


def make_task(maker):
    maker.create_doit_tasks = maker
    return maker


class Greeting:
    def __init__(self, word):
        self.word = word
        self.create_doit_tasks = self._tasks  # on the object: doit would call the class's own without one

    def _tasks(self):
        return {"basename": f"say_{self.word}", "actions": [f"echo {self.word}"], "verbosity": 2}


first = Greeting("hello")
second = Greeting("goodbye")


@make_task
def decorated():
    return {"actions": ["echo decorated"], "verbosity": 2}
