"""A reporter of one's own."""

from doit.reporter import ConsoleReporter


class Shouting(ConsoleReporter):
    def execute_task(self, task):
        self.outstream.write(f"{task.name.upper()}!\n")


DOIT_CONFIG = {"reporter": Shouting, "verbosity": 2}


def task_quietly():
    return {"actions": ["echo done"]}
