"""What a function is told of its task."""


def task_report():
    def tell(dependencies, changed, targets, task):
        print(sorted(dependencies), sorted(changed), targets, task.name)

    return {
        "actions": [tell, "touch %(targets)s"],
        "file_dep": ["input.txt", "odd name; $HOME.txt"],
        "targets": ["out.txt"],
        "verbosity": 2,
    }
