"""What is said when a task begins."""

from doit.tools import title_with_actions


def task_with_title():
    return {"actions": ["echo >/dev/null"], "title": lambda task: f"=> {task.name} <="}


def task_with_actions():
    return {"actions": ["echo a >/dev/null", "echo b >/dev/null"], "title": title_with_actions}
