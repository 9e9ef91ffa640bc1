"""Media that are not what their key says: a sound where pictures are wanted, a silent clip, a trim beyond the end."""

from __future__ import annotations

from fractions import Fraction

from vbmake.errors import Problem, ProjectError
from vbmake.plan.draft import Draft
from vbmake.plan.inputs import Measure
from vbmake.plan.playing import span
from vbmake.plan.types import Ref
from vbmake.project.models import ImageLayer, Layer, Music, Playing, Sound, VideoLayer


def check_kind(draft: Draft, owner: Layer | Sound | Music, ref: Ref | None, measure: Measure | None) -> None:
    """Note it when a measured file cannot be shown or heard as its owner wants it."""
    if ref is None or measure is None:
        return
    message = hint = ""
    if isinstance(owner, ImageLayer | VideoLayer) and measure["kind"] == "audio":
        message, hint = "this file has no pictures, only sound", "play it as a sound: sounds: [{source: ...}]"
    elif isinstance(owner, VideoLayer) and measure["kind"] == "image":
        message, hint = "this file is a still picture, not a clip", "show it with the key image"
    elif isinstance(owner, Sound | Music) and not measure["audio"]:
        message, hint = "this file has no sound", "name a recording, or a clip that has sound"
    if message:
        draft.problems.append(Problem(owner.place, message, found=ref.name, hint=hint))


def check_span(draft: Draft, owner: Layer | Sound | Music, measure: Measure | None) -> None:
    """Note it when what is to be played lies beyond the end of a measured recording."""
    if measure is None or measure["kind"] == "image":
        return
    if isinstance(owner, Music) and owner.start >= Fraction(measure["duration"]):
        found, allowed = f"start: {float(owner.start):g}s", f"before {float(Fraction(measure['duration'])):.4g}s"
        draft.problems.append(
            Problem(owner.place, "the music starts beyond the end of the recording", found=found, allowed=allowed)
        )
    elif isinstance(owner, Playing):
        try:
            span(owner, measure)
        except ProjectError as error:
            draft.problems += error.problems
