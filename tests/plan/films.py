"""Films for tests of the planner: built from plain data, with measures given by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vbmake.plan.build import plan_build
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.types import BuildPlan
from vbmake.project.models import Film, Project
from vbmake.rules.load import load_rules

RULES = load_rules()
CLIP = {"kind": "video", "width": 640, "height": 360, "duration": "10", "frames": 300, "fps": "30", "audio": True}
STILL = {"kind": "image", "width": 640, "height": 360, "duration": "0", "audio": False}
SOUND = {"kind": "audio", "duration": "5/2", "audio": True}


def speech(seconds: float, *words: str) -> dict[str, Any]:
    """The measure of a voice that says `words` evenly over `seconds`."""
    samples = round(seconds * 48000)
    step = samples // max(1, len(words))
    times = [{"text": word, "start": n * step, "end": (n + 1) * step - 1000} for n, word in enumerate(words)]
    return {"samples": samples, "rate": 48000, "words": times}


def film(**values: Any) -> Film:
    """A film; what is not said is as small as can be."""
    return Film.model_validate({"vbmake": 1, "size": "320x180", "scenes": [{"id": "a", "duration": "2s"}], **values})


def build(*films: Film, measures: Mapping[str, Any] | None = None) -> BuildPlan:
    """The plan of films whose media are known by these measures."""
    return plan_build(BuildInputs(Project(root=".", films=films), RULES, measures or {}))


def colored(id: str, duration: str = "2s", color: str = "red", **values: Any) -> dict[str, Any]:
    """A scene that shows one colour."""
    return {"id": id, "duration": duration, "layers": [{"color": color}], **values}
