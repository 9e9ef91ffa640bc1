"""The timeline of a film, as JSON and as editors open it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange

from vbmake.render.timeline import write_otio, write_timeline
from vbmake.rules.work import Work

FPS = "30000/1001"
RATE = 30000 / 1001


def layer(kind: str, start: int, end: int, source: str | None = None, text: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "start": start, "end": end, "source": source, "text": text}


def sound(kind: str, source: str, start: int, samples: int) -> dict[str, Any]:
    return {"kind": kind, "source": source, "start": start, "samples": samples}


FILM: dict[str, Any] = {
    "name": "wide",
    "title": "The Lighthouse",
    "fps": FPS,
    "frames": 155,
    "size": [1280, 720],
    "sample_rate": 48000,
    "scenes": [
        {
            "id": "harbour", "title": "Der Hafen", "start": 0, "frames": 90, "transition": None,
            "layers": [
                layer("color", 0, 90), layer("image", 0, 90, "photos/my harbour.jpg"),
                layer("text", 5, 40, text="“Hi”"),
            ],
            "sounds": [sound("voice", "build/harbour.wav", 4800, 96000)],
        },
        {
            "id": "sea", "title": "", "start": 75, "frames": 80, "transition": {"kind": "wipeleft", "frames": 15},
            "layers": [layer("video", 75, 155, "clips/sea.mp4"), layer("text", 30, 80, text="Sea")],
            "sounds": [sound("video", "clips/sea.mp4", 120120, 128128), sound("sound", "gull.wav", 130000, 4000)],
        },
    ],
    "music": [sound("music", "theme.flac", 0, 248248)],
    "overlays": [layer("svg", 0, 155, "logo.svg")],
    "chapters": [{"title": "Der Hafen", "start": 0, "end": 155}],
}  # fmt: skip


def written(tmp_path: Path, call: Callable[[Work], None], role: str, film: dict[str, Any]) -> Path:
    path = tmp_path / f"film.{role}"
    assert call(Work({"timeline": film}, {}, {role: path}, tmp_path)) is None
    return path


def test_the_timeline_is_written_whole_and_one_way(tmp_path: Path) -> None:
    path = written(tmp_path, write_timeline, "timeline", FILM)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == FILM
    assert "Der Hafen" in text
    backwards = dict(reversed(deepcopy(FILM).items()))
    assert written(tmp_path, write_timeline, "timeline", backwards).read_text(encoding="utf-8") == text


@pytest.fixture
def opened(tmp_path: Path) -> otio.schema.Timeline:
    return otio.adapters.read_from_file(str(written(tmp_path, write_otio, "otio", FILM)))


def test_opentimelineio_opens_a_timeline_of_the_films_length_and_rate(opened: otio.schema.Timeline) -> None:
    assert opened.name == "The Lighthouse"
    assert opened.duration() == RationalTime(155, RATE)
    assert opened.global_start_time == RationalTime(0, RATE)
    assert {track.kind for track in opened.tracks} == {"Video", "Audio"}


def test_scenes_abut_in_the_middle_of_their_transition(opened: otio.schema.Timeline) -> None:
    first, between, second = opened.tracks[0]
    assert (first.name, second.name) == ("Der Hafen", "sea")
    assert first.source_range == TimeRange(RationalTime(0, RATE), RationalTime(82, RATE))
    assert second.source_range == TimeRange(RationalTime(7, RATE), RationalTime(73, RATE))
    assert (between.in_offset.value, between.out_offset.value) == (7, 8)
    assert (between.name, between.transition_type) == ("wipeleft", "Custom_Transition")
    assert first.trimmed_range_in_parent().end_time_exclusive().value - between.in_offset.value == 75


def test_a_cross_fade_is_a_dissolve(tmp_path: Path) -> None:
    film = deepcopy(FILM)
    film["scenes"][1]["transition"]["kind"] = "fade"
    timeline = otio.adapters.read_from_file(str(written(tmp_path, write_otio, "otio", film)))
    assert timeline.tracks[0][1].transition_type == "SMPTE_Dissolve"


def test_layers_overlays_and_sounds_stand_where_they_are_in_the_film(opened: otio.schema.Timeline) -> None:
    placed = {
        (track.kind, clip.name): (clip.range_in_parent().start_time.value, clip.duration().value)
        for track in opened.tracks[1:]
        for clip in track.find_clips()
    }
    assert placed == {
        ("Video", "color"): (0, 90),
        ("Video", "logo.svg"): (0, 155),
        ("Video", "“Hi”"): (5, 35),
        ("Video", "Sea"): (30, 50),
        ("Audio", "build/harbour.wav"): (4800, 96000),
        ("Audio", "clips/sea.mp4"): (120120, 128128),
        ("Audio", "gull.wav"): (130000, 4000),
        ("Audio", "theme.flac"): (0, 248248),
    }
    assert {clip.duration().rate for track in opened.audio_tracks() for clip in track.find_clips()} == {48000.0}


def test_nothing_overlaps_within_a_track(opened: otio.schema.Timeline) -> None:
    for track in opened.tracks[1:]:
        spans = [clip.range_in_parent() for clip in track.find_clips()]
        assert all(a.end_time_exclusive() <= b.start_time for a, b in pairwise(spans))


def test_media_are_named_by_relative_urls_and_text_has_none(opened: otio.schema.Timeline) -> None:
    references = {clip.name: clip.media_reference for clip in opened.find_clips()}
    assert references["Der Hafen"].target_url == "photos/my%20harbour.jpg"
    assert references["Sea"].is_missing_reference


def test_chapters_are_markers(opened: otio.schema.Timeline) -> None:
    (marker,) = opened.tracks.markers
    assert (marker.name, marker.marked_range.start_time.value, marker.marked_range.duration.value) == (
        "Der Hafen",
        0,
        155,
    )
