"""Words of the command line for a task."""


def task_words():
    def show(words):
        print(words)

    return {"actions": [show, "echo %(words)s"], "pos_arg": "words", "verbosity": 2}
