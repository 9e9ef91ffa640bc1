"""The engine where services are late, hasty or strange, and where adapters do not know what they meet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.providers.office import JOB, Killed, Office, generation, killed_at
from vbmake.providers.call import Call, Desk, NoBooks
from vbmake.providers.exchange import Exchange
from vbmake.providers.failures import ProviderError
from vbmake.providers.http import Lost
from vbmake.providers.journal import Journal
from vbmake.providers.openai import OpenAI
from vbmake.providers.replicate import Replicate
from vbmake.providers.types import Account


def test_a_delay_of_nothing_does_not_hammer_the_service(office: Office) -> None:
    office.server.misbehave("replicate", status=429, retry_after=0, route="poll", times=3)
    assert office.make("replicate").files
    assert office.requests("poll") == 5
    assert min(office.clock.slept) > 0


def test_a_file_that_is_not_there_yet_is_waited_for(office: Office) -> None:
    office.server.misbehave("replicate", status=404, route="fetch", times=3)
    assert office.make("replicate").files
    assert [seconds for seconds in office.clock.slept if seconds][-2:] == [2, 4]
    assert len(office.charges) == 1


def test_a_result_that_stands_elsewhere_is_taken_when_the_deadline_has_come(office: Office) -> None:
    office.server.polls = 3
    office.server.misbehave("fal", status=400, route="cancel")
    assert office.make("fal", timeout=2.5).files
    assert office.requests("cancel") == 1
    assert office.states()[-1] == "fetched"


def test_a_poll_that_the_adapter_stumbles_over_leaves_the_job_to_the_next_build(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> Any:
        raise KeyError("output")

    with monkeypatch.context() as patch:
        patch.setattr(Replicate, "polled", stumble)
        error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert "the next build asks for its result" in str(error)
    assert office.states() == ["intent", "accepted"]
    assert office.restart().make("replicate").files
    assert len(office.charges) == 1


def test_a_kept_result_that_the_adapter_stumbles_over_stays_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.restart(checkpoint=killed_at("result"))
    with pytest.raises(Killed):
        office.make("replicate")

    def stumble(*_: Any) -> Any:
        raise TypeError("no list")

    with monkeypatch.context() as patch:
        patch.setattr(Replicate, "polled", stumble)
        assert "not understood" in str(office.restart().fails("replicate"))
    assert office.states()[-1] == "result"
    assert office.make("replicate").files
    assert len(office.charges) == 1


def test_a_job_whose_address_was_lost_is_a_question_that_can_be_decided(office: Office) -> None:
    office.restart(checkpoint=killed_at("accepted"))
    with pytest.raises(Killed):
        office.make("replicate")
    lines = office.lines()
    del lines[-1]["handle"]
    journal = office.directory / "generations" / "journal.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert f"--resubmit {JOB}" in str(office.restart().fails("replicate"))
    (question,) = office.engine.open_questions()
    office.engine.resubmit(question.key)
    assert office.make("replicate").files
    assert len(office.charges) == 2


def test_the_dummy_key_of_a_local_server_is_no_secret_and_a_key_is(tmp_path: Path) -> None:
    """Such servers want any key; "none" and "test" stand in scripts, addresses and encoded pictures as well."""
    environ = {"LOCAL_KEY": "test"}
    desk = Desk(tmp_path, Journal(tmp_path / "journal.jsonl"), environ, NoBooks(), False, float, lambda _: None)
    account = Account("here", "openai", "http://127.0.0.1:1/v1", "LOCAL_KEY")
    call = Call("k", generation("openai"), account, OpenAI(), JOB, print, print, desk)
    assert call.scrub("the latest test") == "the latest test"
    environ["LOCAL_KEY"] = "4c1fd0a8b96e"
    assert call.scrub("it is 4c1fd0a8b96e!") == "it is [key]!"


def test_who_wants_to_stop_can_see_that_something_is_being_paid_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def send(*_: Any) -> Any:
        seen.append(office.engine.asking)
        raise Lost("reset")

    monkeypatch.setattr(Exchange, "submit", send)
    office.fails()
    assert seen == [1]
    assert office.engine.asking == 0
