"""Values from one task for another."""

DOIT_CONFIG = {"verbosity": 2}


def task_compute():
    return {"actions": [lambda: {"width": 7, "height": 9}]}


def task_area():
    def area(width, height):
        print("area", width * height)

    return {"actions": [area], "getargs": {"width": ("compute", "width"), "height": ("compute", "height")}}


def task_shown():
    return {"actions": ["echo width %(w)s"], "getargs": {"w": ("compute", "width")}}
