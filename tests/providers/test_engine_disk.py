"""The engine on a disk that fills up, or that has lost or changed what was kept."""

from __future__ import annotations

import json

import pytest

from tests.providers.office import KEY, Killed, Office, killed_at
from vbmake.providers import kept
from vbmake.providers.failures import ProviderError


def test_a_full_disk_is_told_before_anything_is_paid(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "ROOM", 2**62)
    with pytest.raises(Exception, match="nothing was asked"):
        office.make()
    assert not office.charges
    assert office.booked() == ["released"]


@pytest.mark.parametrize(
    ("service", "after"), [("openai", ["intent"]), ("replicate", ["intent", "accepted", "result"])]
)
def test_a_disk_that_fills_up_while_an_answer_comes_is_told_and_costs_nothing_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, service: str, after: list[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if service == "openai":
        monkeypatch.setattr(kept.Kept, "put_answer", full)
        error: Exception = office.fails(service)
        assert "could not be written down" in str(error)
        assert "--resubmit" in str(error)
    else:
        monkeypatch.setattr("vbmake.providers.http.open", full, raising=False)
        with pytest.raises(OSError, match="No space left"):
            office.make(service)
    assert office.states() == after
    monkeypatch.undo()
    office.restart()
    if service == "replicate":
        office.make(service)
    else:
        assert "resume" in str(office.fails(service))
    assert len(office.charges) == 1


@pytest.mark.parametrize("name", ["answer", "answer.json"])
def test_a_damaged_answer_is_asked_for_again_where_that_is_free(office: Office, name: str) -> None:
    office.restart(checkpoint=killed_at("result"))
    with pytest.raises(Killed):
        office.make("replicate", "image")
    (office.directory / "generations" / KEY / name).write_bytes(b"{}")
    office.restart().make("replicate", "image")
    assert len(office.charges) == 1


def test_a_damaged_answer_that_nobody_has_is_told_and_paid_again_only_by_the_next_build(office: Office) -> None:
    office.restart(checkpoint=killed_at("result"))
    with pytest.raises(Killed):
        office.make()
    (office.directory / "generations" / KEY / "answer").write_bytes(b"")
    error = office.restart().fails()
    assert isinstance(error, ProviderError)
    assert error.paid == "yes"
    assert "pays, again" in str(error)
    assert office.booked() == ["spent"]
    office.make()
    assert len(office.charges) == 2
    assert office.booked() == ["spent", "spent"]


def test_a_kept_file_that_was_changed_is_made_from_the_answer_again(office: Office) -> None:
    for service in ("openai", "replicate"):
        path = office.make(service, key=service * 8).files[0]
        content = path.read_bytes()
        path.write_bytes(b"something else")
        assert office.restart().make(service, key=service * 8).files[0].read_bytes() == content
    assert len(office.charges) == 2


def test_a_handle_that_was_lost_is_a_question_and_no_second_charge(office: Office) -> None:
    office.restart(checkpoint=killed_at("accepted"))
    with pytest.raises(Killed):
        office.make("replicate")
    journal = office.directory / "generations" / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[-1]["handle"] = "?"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "where to ask for it is lost" in str(office.restart().fails("replicate"))
    assert len(office.charges) == 1
