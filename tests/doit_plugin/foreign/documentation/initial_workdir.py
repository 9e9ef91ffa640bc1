"""Where doit was called, and where its file stands."""

import os

import doit

DOIT_CONFIG = {"verbosity": 2}


def task_where():
    def where():
        print(os.path.basename(doit.get_initial_workdir()), os.path.basename(os.getcwd()))

    return {"actions": [where]}
