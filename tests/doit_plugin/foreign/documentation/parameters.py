"""Options of tasks on the command line."""


def task_paint():
    def paint(colors, count, glossy):
        print(colors, count, glossy)

    return {
        "actions": [paint, "echo %(count)s coats"],
        "params": [
            {"name": "colors", "short": "x", "long": "color", "type": list, "default": [], "help": "which"},
            {"name": "count", "short": "n", "type": int, "default": 1, "help": "how many coats"},
            {"name": "glossy", "long": "glossy", "type": bool, "inverse": "matt", "default": False},
        ],
        "verbosity": 2,
    }
