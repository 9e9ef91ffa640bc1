"""The record of builds: it is trimmed, and no line of anybody who writes meanwhile is lost."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from vbmake.doit_plugin import events
from vbmake.doit_plugin.events import EVENTS, Events, trim


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a record of a hundred lines, which is too large."""
    monkeypatch.setattr(events, "LARGE", 1000)
    with contextlib.closing(Events(tmp_path, "old")) as record:
        for number in range(100):
            record.write("job", number=number)
    return tmp_path


def told(root: Path) -> list[Any]:
    return [json.loads(line)["number"] for line in (root / EVENTS).read_text().splitlines()]


def test_a_large_record_keeps_its_newest_half(root: Path) -> None:
    trim(root)
    assert told(root) == list(range(100 - len(told(root)), 100))
    assert 300 < (root / EVENTS).stat().st_size <= 500


def test_a_record_in_which_somebody_writes_is_trimmed_another_time(root: Path) -> None:
    """`sync` writes without holding the project."""
    with contextlib.closing(Events(root, "sync")) as other:
        other.write("sync", number=100)
        trim(root)
        other.write("sync", number=101)
        assert told(root) == list(range(102))
    trim(root)
    assert told(root)[-2:] == [100, 101]
    assert len(told(root)) < 10


def test_who_comes_to_write_while_the_record_is_trimmed_writes_into_the_new_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = threading.Event()
    replace, flock = os.replace, fcntl.flock

    def write() -> None:
        with contextlib.closing(Events(root, "sync")) as other:
            other.write("sync", number=100)
        came.set()

    writer = threading.Thread(target=write)

    def lock(handle: Any, how: int) -> None:
        if threading.current_thread() is writer:
            came.set()
        flock(handle, how)

    def replace_late(source: Path, target: Path) -> None:
        writer.start()
        assert came.wait(10)
        replace(source, target)

    monkeypatch.setattr(events.fcntl, "flock", lock)
    monkeypatch.setattr(events.os, "replace", replace_late)
    trim(root)
    writer.join()
    assert told(root)[-2:] == [99, 100]
    assert len(told(root)) < 10
