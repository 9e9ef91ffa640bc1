"""What a mirror's manifest says, and what it cannot be made to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from vbmake.cache.manifest import NAME, UNSURE, File, Manifest, read_manifest

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FILM = File("a" * 64, 7)


def manifest() -> Manifest:
    return Manifest({"film.mp4": FILM}, {}, True).with_mark("me", NOON, ["film.mp4", "poster.jpg"])


def test_a_manifest_reads_as_it_was_written() -> None:
    assert read_manifest(manifest().dump()) == manifest()


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"[1]",
        b"{",
        b"[" * 100_000,
        b'{"vbmake": 2, "files": {}, "marks": {}}',
        b'{"vbmake": 1, "files": []}',
        b'{"vbmake": 1, "files": {"a": 3}, "marks": {}}',
        b'{"vbmake": 1, "files": {}, "marks": {"me": {"time": "2026-01-01", "names": []}}}',
        b"<html>not found</html>",
    ],
)
def test_what_is_no_manifest_says_nothing_for_sure(data: bytes | None) -> None:
    assert read_manifest(data) == Manifest()
    assert not read_manifest(data).sure


@pytest.mark.parametrize(
    "name", ["../up.mp4", "/etc/passwd", "a//b", "a/../../b", "", ".", "a/\0", "x\ud800y", "\x1b[31mred", NAME]
)
def test_a_name_that_leads_elsewhere_is_not_listed(name: str) -> None:
    data = json.dumps({"vbmake": 1, "files": {name: vars(FILM), "film.mp4": vars(FILM)}, "marks": {}})
    assert set(read_manifest(data.encode()).files) == {"film.mp4"}


def test_a_digest_that_is_none_is_not_believed() -> None:
    data = json.dumps({"vbmake": 1, "files": {"film.mp4": {"sha256": "x", "size": 1}}, "marks": {}})
    assert read_manifest(data.encode()).files == {"film.mp4": UNSURE}


def test_what_an_interrupted_sync_has_marked_stays_unsure_unless_it_is_known_to_be_there() -> None:
    settled = manifest().settled({"poster.jpg": FILM}, [], ["me"])
    assert settled.files == {"film.mp4": UNSURE, "poster.jpg": FILM}
    assert settled.marks == {}


def test_what_is_deleted_is_listed_no_more() -> None:
    assert manifest().settled({}, ["film.mp4", "poster.jpg"], ["me"]).files == {}


def test_marks_of_others_stay() -> None:
    both = manifest().with_mark("other", NOON, ["film.mp4"])
    assert set(both.settled({}, [], ["me"]).marks) == {"other"}
    assert both.marked() == {"film.mp4", "poster.jpg"}
