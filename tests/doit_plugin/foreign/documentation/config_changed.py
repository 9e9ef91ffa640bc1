"""Done again when a setting changes."""

from doit import get_var
from doit.tools import config_changed


def task_render():
    settings = {"size": get_var("size", "small")}
    return {"actions": ["echo drawn"], "uptodate": [config_changed(settings)], "verbosity": 2}
