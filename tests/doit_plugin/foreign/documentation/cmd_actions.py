"""Commands with the names of dependencies, of what changed, and of targets."""


def task_count():
    return {
        "actions": ["wc -l < %(dependencies)s | tr -d ' ' > %(targets)s", "echo changed: %(changed)s"],
        "file_dep": ["input.txt"],
        "targets": ["count.txt"],
        "verbosity": 2,
    }
