"""The journal of requests: what was written is there after any end of the process, and it does not grow for ever."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vbmake.errors import WorkspaceError
from vbmake.providers import journal
from vbmake.providers.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "generations" / "journal.jsonl"


def fill(kept: Journal) -> None:
    """Many requests that are over."""
    for number in range(20):
        kept.write(f"{number}", "intent")
        kept.write(f"{number}", "done")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_step_is_known_to_the_next_process_with_all_its_facts(path: Path) -> None:
    first = Journal(path, clock=lambda: "noon")
    first.write("k", "intent", job="a", account="openai")
    first.write("k", "accepted", handle={"id": "7"})
    for reader in (first, Journal(path)):
        step = reader.get("k")
        assert step is not None
        assert (step.state, step.time) == ("accepted", "noon")
        assert step.facts == {"job": "a", "account": "openai", "handle": {"id": "7"}}
    assert Journal(path).get("other") is None


def test_a_request_that_is_begun_anew_forgets_the_one_before_and_is_the_last(path: Path) -> None:
    kept = Journal(path)
    kept.write("a", "intent", handle="old")
    kept.write("b", "intent")
    kept.write("a", "failed")
    kept.write("a", "intent", job="new")
    assert [(step.key, step.facts) for step in Journal(path).all()] == [("b", {}), ("a", {"job": "new"})]


@pytest.mark.parametrize(
    "end", ['{"key":"k","state":"acc', '{"key":"k","state":"accepted","time"', "\x00\x00\x00", "{}", "[1]", "7"]
)
def test_a_line_that_was_torn_says_nothing_and_harms_no_other(path: Path, end: str) -> None:
    Journal(path).write("k", "intent")
    with open(path, "a") as stream:
        stream.write(end)
    after = Journal(path)
    step = after.get("k")
    assert step is not None
    assert step.state == "intent"
    after.write("k", "result")
    step = Journal(path).get("k")
    assert step is not None
    assert step.state == "result"


@pytest.mark.parametrize(
    "line",
    ['{"key":"k","state":["intent"]}', '{"key":7,"state":"intent"}', '{"key":"k","state":"unheard"}', "[" * 100000],
)
def test_a_damaged_line_is_left_out(path: Path, line: str) -> None:
    path.parent.mkdir()
    path.write_text(line + "\n")
    assert not Journal(path).all()


def test_every_step_is_on_the_disk_before_it_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(journal.os, "fsync", lambda handle: events.append("fsync"))
    kept = Journal(path, checkpoint=lambda state: events.append(f"{state} {lines(path)[-1]['state']}"))
    kept.write("k", "intent")
    kept.write("k", "accepted")
    assert events == ["fsync", "fsync", "intent intent", "fsync", "accepted accepted"]


def test_a_disk_that_is_full_leaves_the_journal_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Journal(path)
    kept.write("k", "intent")
    before = path.read_bytes()
    write = os.write

    def half(handle: int, content: bytes) -> int:
        if len(content) < 20:
            raise OSError(28, "No space left on device")
        return write(handle, content[: len(content) // 2])

    monkeypatch.setattr(journal.os, "write", half)
    with pytest.raises(WorkspaceError, match="No space left"):
        kept.write("k", "accepted", handle={"id": "7"})
    assert path.read_bytes() == before
    monkeypatch.undo()
    step = kept.get("k")
    assert step is not None
    assert step.state == "intent"
    kept.write("k", "accepted")
    assert [line["state"] for line in lines(path)] == ["intent", "accepted"]


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot read"):
        Journal(tmp_path).get("k")


def test_what_another_process_wrote_is_seen(path: Path) -> None:
    one, other = Journal(path), Journal(path)
    one.write("k", "intent")
    assert [step.state for step in other.all()] == ["intent"]
    other.write("k", "abandoned")
    step = one.get("k")
    assert step is not None
    assert step.state == "abandoned"


def test_a_long_journal_loses_what_is_over_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LONG", 40)
    kept = Journal(path)
    for state in ("intent", "accepted", "result", "fetched", "abandoned"):
        kept.write(f"open {state}", "intent", job=state)
        if state != "intent":
            kept.write(f"open {state}", state, handle={"id": state})
    expected = {step.key: step for step in kept.all()}
    for number in range(60):
        kept.write(f"{number}", "intent")
        kept.write(f"{number}", "done" if number % 2 else "failed")
    assert len(lines(path)) <= 42
    found = {step.key: step for step in Journal(path).all()}
    assert {key: step for key, step in found.items() if key.startswith("open")} == expected
    assert list(found)[:5] == list(expected)
    assert not list(path.parent.glob("*.part"))


def test_a_long_journal_of_open_requests_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LONG", 10)
    kept = Journal(path)
    for number in range(30):
        kept.write(f"{number}", "intent")
    inode = path.stat().st_ino
    kept.write("last", "intent")
    assert path.stat().st_ino == inode
    assert len(Journal(path).all()) == 31


def test_a_kill_while_the_journal_is_shortened_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LONG", 8)
    kept = Journal(path)
    kept.write("open", "intent")
    kept.write("open", "accepted", handle={"id": "7"})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(journal.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        fill(kept)
    monkeypatch.undo()
    step = Journal(path).get("open")
    assert step is not None
    assert step.facts == {"handle": {"id": "7"}}
