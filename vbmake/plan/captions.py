"""Captions in frames: what is said, grouped into cues, for burning in and for files."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from vbmake.plan.draft import Draft
from vbmake.plan.frames import frame_of_sample
from vbmake.plan.look import Canvas, Seen, font_of, full_style, place, text_style
from vbmake.plan.phrases import phrases
from vbmake.plan.scenes import Timed
from vbmake.plan.settings import film_settings
from vbmake.project.models import CaptionsLook, Film, Outline, TextStyle
from vbmake.project.units import Length
from vbmake.spacing import joined

DEFAULT_LOOK = TextStyle.model_construct(
    size=Length(5.0, "%"),
    bold=True,
    outline=Outline.model_construct(width=Length(0.35, "%"), color="#000000e0"),
    align="center",
)

Cue = dict[str, Any]


def scene_cues(film: Film, timed: Timed, length: int) -> list[Cue]:
    """The cues of one scene in film frames, each inside its scene."""
    if timed.speech is None or not timed.scene.captions:
        return []
    speech = timed.speech

    def frame(sample: int) -> int:
        return timed.start + min(frame_of_sample(speech.at + sample, film.fps), timed.frames)

    found = []
    for cue in phrases(speech.words, length):
        words = [
            {"text": word["text"], "start": frame(word["start"]), "end": frame(word["end"])} for word in cue["words"]
        ]
        start, end = frame(cue["start"]), max(frame(cue["end"]), frame(cue["start"]) + 1)
        if start < timed.end:
            found.append({"start": start, "end": min(end, timed.end), "words": words})
    return found


def film_cues(film: Film, timed: Sequence[Timed], length: int) -> list[list[Cue]]:
    """The cues of every scene, of at most `length` characters, none reaching into the one that follows it."""
    by_scene = [scene_cues(film, scene, length) for scene in timed]
    following: Cue | None = None
    for cues in reversed(by_scene):
        for cue in reversed(cues):
            if following is not None:
                cue["end"] = max(cue["start"] + 1, min(cue["end"], following["start"]))
            following = cue
    return by_scene


def look_of(film: Film, captions: CaptionsLook) -> TextStyle:
    """The full style of burned-in captions."""
    return full_style(film, captions.look if captions.look is not None else DEFAULT_LOOK)


def see_captions(film: Film, captions: CaptionsLook, canvas: Canvas, cues: list[Cue]) -> Seen | None:
    """The layer that shows these cues (film frames), or None when nothing is burned in."""
    if not cues or not captions.burn or captions.style == "none":
        return None
    chosen = look_of(film, captions)
    first, end = min(cue["start"] for cue in cues), max(cue["end"] for cue in cues)
    make = functools.partial(_layer, film, captions, canvas, cues, chosen, [first, end])
    return Seen(first, end, None, font_of(film, chosen), None, make)  # what is said stands in the scenes


def _layer(
    film: Film, captions: CaptionsLook, canvas: Canvas, cues: list[Cue], chosen: TextStyle, show: list[int]
) -> dict[str, Any]:
    if chosen.uppercase:
        cues = [{**cue, "words": [{**word, "text": word["text"].upper()} for word in cue["words"]]} for cue in cues]
    spot = place(captions.at, None, captions.margin, canvas)
    return {
        "kind": "captions",
        "mode": captions.style,
        "show": show,
        "style": text_style(film, chosen, canvas, spot["origin"][0]),
        "wrap": canvas.width - 2 * captions.margin.px(canvas.width),
        "active": captions.active,
        "cues": cues,
        **spot,
    }


def subtitle_job(draft: Draft, film: Film, name: str, kind: str, by_scene: Sequence[Sequence[Cue]]) -> None:
    """Add the job that writes the cues into a file beside the film."""
    cues = [
        {"start": cue["start"], "end": cue["end"], "text": joined([word["text"] for word in cue["words"]])[0]}
        for cues in by_scene
        for cue in cues
    ]
    options = {"fps": str(film.fps), "format": kind, "cues": cues}
    settings, target = draft.shared(film_settings, film), f"build/{name}.{kind}"
    draft.add("subtitles", f"{name}.{kind}", options, {}, extension=kind, target=target, settings=settings)
