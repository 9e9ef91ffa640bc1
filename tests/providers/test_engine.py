"""The engine when all goes well, when it is stopped, and when it is asked again: everything is paid exactly once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.providers.office import JOB, KEY, Killed, Office, generation, killed_at
from tests.providers.stand_in import StandIn
from vbmake.errors import FatalError, JobError, RateLimited, RetryableError
from vbmake.providers import kept
from vbmake.providers.engine import Engine
from vbmake.providers.failures import ProviderError
from vbmake.providers.openai import OpenAI

JOBS = ["intent", "accepted", "result", "fetched"]
AT_ONCE = ["intent", "result", "fetched"]


@pytest.mark.parametrize(
    ("service", "kind", "states"),
    [
        ("openai", "image", AT_ONCE),
        ("openai", "speech", AT_ONCE),
        ("elevenlabs", "effect", AT_ONCE),
        ("replicate", "clip", JOBS),
        ("fal", "image", ["intent", "accepted", "accepted", "result", "fetched"]),
    ],
)
def test_what_is_asked_is_made_charged_once_and_written_down(
    office: Office, service: str, kind: Any, states: list[str]
) -> None:
    made = office.make(service, kind)
    assert made.files[0].stat().st_size > 100
    assert len(office.charges) == 1
    assert office.states() == states
    assert office.booked() == ["spent"]
    assert made.provenance["service"] == service
    assert made.provenance["request_id"]


def test_what_was_made_is_taken_again_without_asking(office: Office) -> None:
    first = office.make()
    content = first.files[0].read_bytes()
    again = office.restart(environ={}).make()
    assert again.files[0].read_bytes() == content
    assert again.cost == first.cost
    assert again.provenance == first.provenance
    assert len(office.charges) == 1


def test_what_is_recorded_is_no_longer_kept(office: Office) -> None:
    directory = office.make().files[0].parent
    office.engine.settled(KEY)
    assert not directory.exists()
    assert office.states()[-1] == "done"
    office.engine.settled(KEY)
    assert office.states().count("done") == 1


@pytest.mark.parametrize("state", ["accepted", "result", "fetched"])
def test_a_job_that_was_stopped_goes_on_where_it_stood(office: Office, state: str) -> None:
    office.restart(checkpoint=killed_at(state))
    with pytest.raises(Killed):
        office.make("replicate", "image")
    made = office.restart().make("replicate", "image")
    assert made.files[0].read_bytes()[:4] == b"\x89PNG"
    assert len(office.charges) == 1
    assert office.states() == JOBS
    assert office.booked() == ["spent"]


def test_a_request_that_was_stopped_before_its_answer_came_is_a_question(office: Office) -> None:
    office.restart(checkpoint=killed_at("intent"))
    with pytest.raises(Killed):
        office.make()
    for _ in range(2):
        error = office.restart().fails()
        assert isinstance(error, ProviderError)
        assert (error.sort, error.paid) == ("unknown", "maybe")
        assert f"doit resume --resubmit {JOB}" in str(error)
        assert f"doit resume --abandon {JOB}" in str(error)
    assert not office.requests("submit")
    assert office.booked() == ["unknown"]
    (question,) = office.engine.open_questions()
    assert (question.key, question.job, question.account, question.state) == (KEY, JOB, "openai", "intent")


def test_a_question_that_is_resubmitted_is_asked_once_more_and_stays_counted(office: Office) -> None:
    office.restart(checkpoint=killed_at("intent"))
    with pytest.raises(Killed):
        office.make()
    office.restart().engine.resubmit(KEY)
    office.make()
    assert len(office.charges) == 1
    assert office.booked() == ["unknown", "spent"]
    assert not office.engine.open_questions()


def test_a_question_that_is_abandoned_is_not_asked_until_it_is_resubmitted(office: Office) -> None:
    office.restart(checkpoint=killed_at("intent"))
    with pytest.raises(Killed):
        office.make()
    office.restart().engine.abandon(KEY)
    error = office.restart().fails()
    assert "abandoned" in str(error)
    assert f"doit reroll {JOB}" in str(error)
    assert [question.state for question in office.engine.open_questions()] == ["abandoned"]
    office.engine.resubmit(KEY)
    office.make()
    assert len(office.charges) == 1


def test_what_a_kill_left_of_a_recorded_result_is_removed_by_the_next_build_that_asks(office: Office) -> None:
    office.make()
    office.restart(checkpoint=killed_at("done"))
    with pytest.raises(Killed):
        office.engine.settled(KEY)
    assert (office.directory / "generations" / KEY).exists()
    office.restart().make(key="other")
    assert not (office.directory / "generations" / KEY).exists()
    assert (office.directory / "generations" / "other").exists()


def test_what_is_not_in_question_cannot_be_decided(office: Office) -> None:
    with pytest.raises(FatalError, match="not in question"):
        office.engine.resubmit(KEY)
    office.make()
    with pytest.raises(FatalError, match="not in question"):
        office.engine.abandon(KEY)


def test_an_answer_that_was_kept_before_the_stop_is_read_and_nobody_is_asked(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window in which an outcome can be unknown is that of the request itself."""
    put = kept.Kept.put_answer

    def put_and_die(self: kept.Kept, *args: Any) -> None:
        put(self, *args)
        raise Killed

    monkeypatch.setattr(kept.Kept, "put_answer", put_and_die)
    for service in ("openai", "replicate"):
        with pytest.raises(Killed):
            office.make(service, key=service * 8)
    assert office.states("openai" * 8) == ["intent"]
    monkeypatch.undo()
    office.restart()
    for service in ("openai", "replicate"):
        assert office.make(service, key=service * 8).files
    assert len(office.charges) == 2


def test_a_service_that_costs_nothing_is_simply_asked_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenAI, "idempotent", True)
    office.restart(checkpoint=killed_at("intent"))
    with pytest.raises(Killed):
        office.make()
    office.restart().make()
    assert office.states() == ["intent", *AT_ONCE]
    office.server.misbehave("openai", "reset", charged=True)
    error = office.fails(key="other")
    assert isinstance(error, RetryableError)
    office.make(key="other")


def test_a_result_that_holds_its_bytes_needs_neither_key_nor_net(office: Office) -> None:
    office.restart(checkpoint=killed_at("result"))
    with pytest.raises(Killed):
        office.make()
    assert office.restart(environ={}, offline=True).make().files
    assert len(office.charges) == 1


def test_offline_neither_polls_nor_fetches_and_changes_nothing(office: Office) -> None:
    for state in ("accepted", "result"):
        office.restart(checkpoint=killed_at(state))
        with pytest.raises(Killed):
            office.make("replicate", key=state)
        before = len(office.server.requests())
        error = office.restart(offline=True).fails("replicate", key=state)
        assert isinstance(error, ProviderError)
        assert error.sort == "offline"
        assert "it may have been charged" in str(error) or "it was charged" in str(error)
        assert len(office.server.requests()) == before
        assert office.states(state)[-1] == state
        office.restart().make("replicate", key=state)
    assert len(office.charges) == 2


def test_offline_asks_nothing(office: Office) -> None:
    error = office.restart(offline=True).fails()
    assert isinstance(error, ProviderError)
    assert (error.sort, error.paid) == ("offline", "nothing")
    assert "vbmake.lock" in str(error)
    assert not office.lines()
    assert not office.booked()


def test_threads_that_ask_for_one_key_pay_once_and_for_many_each_once(office: Office) -> None:
    together = threading.Barrier(6)

    def ask(key: str) -> bytes:
        together.wait(10)
        return office.make(key=key).files[0].read_bytes()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(ask, ["same", "same", "same", "one", "two", "three"]))
    assert len(office.charges) == 4
    assert len(set(made[:3])) == 1
    assert len(set(made)) == 4


def test_waiting_patiently_gets_there(office: Office) -> None:
    office.server.misbehave("openai", status=429, retry_after=7, times=2)
    office.server.misbehave("openai", status=503, retry_after=3)
    account = office.account("openai")
    made = office.engine.generate_patiently(KEY, generation("openai"), account, job=JOB, log=office.said.append)
    assert made.files
    assert office.clock.slept == [7, 7, 3]
    assert any("trying again in 7 s" in line for line in office.said)


def test_patience_ends(office: Office) -> None:
    office.server.misbehave("openai", status=429, retry_after=900, times=9)
    with pytest.raises(RateLimited):
        office.engine.generate_patiently(KEY, generation("openai"), office.account("openai"))
    assert sum(office.clock.slept) <= 3600


def test_no_delay_told_means_an_own_one_that_grows_with_each_refusal_and_not_with_each_asker(office: Office) -> None:
    office.server.misbehave("openai", status=429, times=None)
    waits = []
    for _ in range(3):
        together = [office.fails(key=f"key {number}") for number in range(3)]
        assert all(isinstance(error, RateLimited) for error in together)
        delays = {error.retry_after for error in together if isinstance(error, RateLimited)}
        assert len(delays) == 1
        wait = delays.pop() or 0
        waits.append(wait)
        office.clock.sleep(wait)
    assert waits == [1, 2, 4]
    office.server.behave()
    office.make()
    office.server.misbehave("openai", status=429)
    error = office.fails(key="key 9")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 1


def test_no_key_is_in_anything_that_is_written_or_said(office: Office) -> None:
    """Not even where the service repeats it: in its answers, its errors, its handles."""
    key = office.server.key("openai")
    echo = {"error": {"message": f"you sent {key} and {office.server.key('replicate')}", "type": key, "code": None}}
    for status in (400, 401, 403, 429, 503, 500):
        office.server.misbehave(
            "openai", status=status, body=echo, headers={"retry-after": "1"} if status > 420 else {}
        )
        error = office.fails(key=f"{status}")
        assert key not in str(error)
        assert office.server.key("replicate") not in str(error)
    made = office.make("openai", "speech", prompt=f"say {key}", options={"instructions": key})
    assert key not in json.dumps(made.provenance)
    job = office.server.key("replicate")
    body = {
        "id": "abc",
        "status": "starting",
        "urls": {"get": f"{office.server.url('replicate')}/predictions/abc?t={job}"},
    }
    office.server.misbehave("replicate", status=201, body=body)
    office.server.misbehave("replicate", status=500, body={"detail": f"token {job}"}, route="poll", times=2)
    assert job not in str(office.fails("replicate", key="job", timeout=3))
    told = office.texts()
    assert key not in told
    assert job not in told
    assert "[key]" in told


def test_a_word_in_place_of_a_key_is_no_secret(office: Office) -> None:
    """Servers of one's own take any key, such as "none"."""
    office.server.accept("openai", "none")
    office.environ["OPENAI_API_KEY"] = "none"
    made = office.restart().make(prompt="none of it is a secret")
    assert made.provenance["request"]["json"]["prompt"] == "none of it is a secret"


def test_provenance_tells_what_was_asked_and_what_it_cost(office: Office) -> None:
    made = office.make(prompt="a long story " * 400)
    facts = made.provenance
    assert facts["request"]["json"]["prompt"] == "a long story " * 400
    assert facts["request"]["url"].endswith("/images/generations")
    assert facts["response"]["status"] == 200
    assert Decimal(facts["cost"]) == made.cost
    assert facts["answered"] < facts["fetched"]
    assert json.loads(json.dumps(facts)) == facts


def test_an_adapter_that_stumbles_over_an_answer_makes_a_question_with_the_answer_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> None:
        raise KeyError("data")

    monkeypatch.setattr(OpenAI, "accepted", stumble)
    error = office.fails()
    assert isinstance(error, ProviderError)
    assert error.sort == "unknown"
    monkeypatch.undo()
    office.restart().make()  # by a version that understands it
    assert len(office.charges) == 1


def test_an_engine_without_a_ledger_works_all_the_same(shared: StandIn, tmp_path: Path) -> None:
    office = Office(shared, tmp_path).restart(ledger=None)
    assert office.make().cost is None


def test_an_unwritable_directory_is_told_and_nothing_is_paid(shared: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    office = Office(shared, tmp_path)
    office.engine = Engine(tmp_path / "file" / "generations", environ=office.environ)
    with pytest.raises((JobError, OSError, Exception), match=r"file|directory"):
        office.make()
    assert not office.charges
