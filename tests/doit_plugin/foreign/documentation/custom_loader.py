"""A program with a loader and a command of its own."""

import sys

from doit.cmd_base import Command, TaskLoader2
from doit.doit_cmd import DoitMain
from doit.task import dict_to_task


class Fixed(TaskLoader2):
    def setup(self, opt_values):
        pass

    def load_doit_config(self):
        return {"verbosity": 2}

    def load_tasks(self, cmd, pos_args):
        return [dict_to_task({"name": "fixed", "actions": ["echo from the program"], "file_dep": ["input.txt"]})]


class Hello(Command):
    name = "hello"
    doc_purpose = "greet"
    doc_usage = ""
    doc_description = None

    def execute(self, opt_values, pos_args):
        print("hello from a command of its own")


class Program(DoitMain):
    DOIT_CMDS = (*DoitMain.DOIT_CMDS, Hello)


if __name__ == "__main__":
    sys.exit(Program(Fixed()).run(sys.argv[1:]))
