"""Parameters of the functions that create tasks."""

from doit import task_params


@task_params([{"name": "many", "default": 2, "type": int, "long": "many"}])
def task_created(many):
    for number in range(many):
        yield {"name": str(number), "actions": [f"echo {number} of {many}"], "verbosity": 2}
