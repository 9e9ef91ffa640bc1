"""Providers that fail in every way there is: what is told, what was charged, what is written down, what comes next."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.providers.office import JOB, KEY, SHORT, Killed, Office, killed_at
from vbmake.errors import FatalError, RateLimited, RetryableError
from vbmake.providers import exchange
from vbmake.providers.failures import ProviderError

# No room


@pytest.mark.parametrize(
    ("service", "seconds", "told", "expected"),
    [
        ("openai", 7.0, "header", 7.0),
        ("openai", 0.25, "ms", 0.25),
        ("replicate", 2.5, "header", 2.5),
        ("replicate", 4.0, "body", 4.0),
        ("replicate", 5.0, "text", 5.0),
        ("fal", 6.0, "body", 6.0),
        ("elevenlabs", 3.0, "header", 3.0),
    ],
)
def test_a_provider_without_room_says_when_to_come_back_and_nothing_is_charged(
    office: Office, service: str, seconds: float, told: str, expected: float
) -> None:
    kind: Any = "effect" if service == "elevenlabs" else "image"
    office.server.misbehave(service, status=429, retry_after=seconds, told=told)
    error = office.fails(service, kind)
    assert isinstance(error, RateLimited)
    assert error.retry_after == pytest.approx(expected)
    assert not office.charges
    assert office.states() == ["intent", "failed"]
    assert office.booked() == ["released"]
    office.make(service, kind)
    assert len(office.charges) == 1


def test_a_delay_may_be_a_date_and_is_believed_for_a_quarter_of_an_hour_at_most(office: Office) -> None:
    office.server.misbehave("openai", status=429, retry_after=30, told="date")
    error = office.fails()
    assert isinstance(error, RateLimited)
    assert error.retry_after == pytest.approx(30, abs=2)
    office.server.misbehave("openai", status=429, retry_after=86400)
    error = office.fails()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 900


# Refused


@pytest.mark.parametrize(
    ("service", "said", "sort", "words"),
    [
        ("openai", {"status": 429, "code": "insufficient_quota"}, "quota", "quota"),
        ("openai", {"status": 401}, "auth", "OPENAI_API_KEY"),
        ("replicate", {"status": 402}, "quota", "credit"),
        ("replicate", {"status": 422}, "invalid", "input is required"),
        ("openai", {"status": 400, "message": "Invalid value: 'x'."}, "invalid", "Invalid value"),
        ("openai", {"status": 400, "code": "moderation_blocked"}, "moderation", "prompt"),
        ("openai", {"status": 404, "message": "no such model"}, "invalid", "model"),
        ("openai", {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "invalid", "base_url"),
    ],
)
def test_what_is_refused_is_told_with_its_mend_never_retried_and_not_charged(
    office: Office, service: str, said: dict[str, Any], sort: str, words: str
) -> None:
    office.server.misbehave(service, **said)
    error = office.fails(service)
    assert isinstance(error, ProviderError)
    assert (error.sort, error.paid) == (sort, "nothing")
    assert words in str(error)
    assert "nothing was charged" in str(error)
    assert office.requests("submit") == 1
    assert not office.charges
    assert office.states() == ["intent", "failed"]
    assert office.booked() == ["released"]


def test_a_service_that_says_when_to_come_back_did_nothing(office: Office) -> None:
    for service in ("openai", "replicate", "fal"):
        office.server.misbehave(service, status=503, retry_after=4)
        error = office.fails(service, key=service)
        assert isinstance(error, RetryableError)
        assert not isinstance(error, RateLimited)
        assert error.retry_after == 4
        assert office.states(service) == ["intent", "failed"]
    assert office.booked() == ["released"] * 3


# Nobody knows

PAGE = "<html><body>502 Bad Gateway</body></html>"
LOST: list[tuple[str, str, dict[str, Any], float | None]] = [
    ("openai", "answer", {"status": 500}, None),
    ("openai", "answer", {"status": 502, "body": PAGE, "charged": True}, None),
    ("replicate", "answer", {"status": 500, "charged": True}, None),
    ("replicate", "answer", {"status": 502, "body": PAGE}, None),
    ("fal", "answer", {"status": 504, "body": PAGE}, None),
    ("openai", "answer", {"status": 503}, None),
    ("openai", "hang", {}, SHORT),
    ("openai", "hang", {"charged": True}, SHORT),
    ("openai", "drip", {"seconds": 0.005}, SHORT),
    ("openai", "reset", {}, None),
    ("replicate", "reset", {"charged": True}, None),
    ("openai", "truncate", {}, None),
    ("replicate", "truncate", {}, None),
    ("replicate", "broken-json", {}, None),
]


@pytest.mark.parametrize(("service", "do", "said", "timeout"), LOST)
def test_an_answer_that_is_lost_is_a_question_and_is_never_asked_for_twice(
    office: Office, service: str, do: str, said: dict[str, Any], timeout: float | None
) -> None:
    office.server.misbehave(service, do, **said)
    error = office.fails(service, timeout=timeout)
    assert isinstance(error, ProviderError)
    assert (error.sort, error.paid) == ("unknown", "maybe")
    assert f"doit resume --resubmit {JOB}" in str(error)
    assert "it may have been charged" in str(error)
    assert "<html" not in str(error)
    paid = len(office.charges)
    for _ in range(2):
        again = office.restart().fails(service)
        assert isinstance(again, ProviderError)
        assert again.sort == "unknown"
    assert len(office.charges) == paid
    assert office.requests("submit") == 1
    assert office.states() == ["intent"]
    assert office.booked() == ["unknown"]
    pending = office.ledger.pending()
    assert pending > 0
    office.engine.resubmit(KEY)
    office.restart().make(service)
    assert len(office.charges) == paid + 1
    assert office.booked() == ["unknown", "spent"]
    assert office.ledger.pending() == pending, "it may have been paid twice, and a budget must know"


def test_a_question_that_is_abandoned_still_counts(office: Office) -> None:
    office.server.misbehave("openai", "reset", charged=True)
    office.fails()
    office.engine.abandon(KEY)
    assert "abandoned" in str(office.restart().fails())
    assert office.ledger.pending() > Decimal(0)
    assert len(office.charges) == 1


def test_a_request_that_never_left_is_tried_again_and_costs_nothing(office: Office) -> None:
    error = office.fails(base_url="http://127.0.0.1:9/v1")
    assert isinstance(error, RetryableError)
    assert "could not be reached" in str(error)
    assert office.states() == ["intent", "failed"]
    assert office.booked() == ["released"]


# Answered, and nothing to show for it


@pytest.mark.parametrize(
    ("service", "kind", "do", "sort", "words"),
    [
        ("openai", "image", "broken-json", "failed", "JSON"),
        ("openai", "image", "html", "failed", "JSON"),
        ("openai", "speech", "html", "failed", "text/html"),
        ("openai", "speech", "empty", "failed", "without any sound"),
        ("openai", "speech", "nothing", "failed", "without any sound"),
        ("openai", "script", "refusal", "moderation", "refused"),
        ("openai", "script", "content-filter", "moderation", "refused"),
        ("openai", "script", "length", "failed", "limit"),
        ("openai", "script", "nothing", "failed", "without any text"),
        ("elevenlabs", "effect", "nothing", "failed", "without any sound"),
        ("replicate", "image", "nothing", "failed", "without a file"),
        ("replicate", "image", "failed", "failed", "the model crashed"),
        ("replicate", "image", "removed", "failed", "removed"),
        ("fal", "image", "failed", "failed", "the model crashed"),
        ("fal", "image", "nothing", "failed", "without a file"),
    ],
)
def test_an_answer_with_nothing_in_it_is_told_with_what_was_paid(
    office: Office, service: str, kind: Any, do: str, sort: str, words: str
) -> None:
    office.server.misbehave(service, do)
    error = office.fails(service, kind)
    assert isinstance(error, ProviderError)
    assert error.sort == sort
    assert error.paid in ("maybe", "yes")
    assert words in str(error)
    assert "charged" in str(error)
    assert office.states()[-1] == "failed"
    assert office.booked() == ["unknown" if error.paid == "maybe" else "spent"]
    assert office.requests("submit") == 1
    assert not office.engine.open_questions()


def test_a_job_that_was_ended_before_it_began_was_not_charged(office: Office) -> None:
    office.server.misbehave("replicate", "aborted")
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.paid == "nothing"
    assert office.booked() == ["released"]


def test_a_job_that_is_refused_by_a_filter_asks_for_another_prompt(office: Office) -> None:
    office.server.misbehave("replicate", "failed", error="NSFW content detected")
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.sort == "moderation"
    assert "change the prompt" in str(error)


# Jobs


def test_a_job_that_does_not_end_is_cancelled_at_its_deadline(office: Office) -> None:
    for service in ("replicate", "fal"):
        office.server.misbehave(service, "stuck")
        error = office.fails(service, key=service, timeout=30)
        assert isinstance(error, ProviderError)
        assert "was not done after 30 s and was cancelled" in str(error)
        assert error.paid == "maybe"
        assert office.states(service)[-1] == "failed"
    assert office.requests("cancel") == 2
    waits = office.clock.slept[:6]
    assert waits == [1, 1.5, 2.25, 3.375, 5.0625, 7.59375]
    assert max(office.clock.slept) <= 10
    assert office.booked() == ["unknown", "unknown"]


def test_a_job_that_cannot_be_cancelled_is_asked_for_again_by_the_next_build(office: Office) -> None:
    office.server.misbehave("replicate", "stuck")
    office.server.misbehave("replicate", status=500, route="cancel")
    error = office.fails("replicate", timeout=5)
    assert "goes on there" in str(error)
    assert office.states() == ["intent", "accepted"]
    with office.server.state.lock:
        for job in office.server.state.jobs.values():
            job.end = "succeeded"
    office.restart().make("replicate")
    assert len(office.charges) == 1


@pytest.mark.parametrize("service", ["replicate", "fal"])
def test_a_job_that_hangs_is_given_up_and_stopped_there(office: Office, service: str) -> None:
    office.server.misbehave(service, "stuck")
    office.restart(checkpoint=killed_at("accepted"))
    with pytest.raises(Killed):
        office.make(service)
    engine = office.restart().engine
    (job,) = engine.under_way()
    assert (job.key, job.job, job.account, job.state) == (KEY, JOB, service, "accepted")
    assert not engine.open_questions()
    assert engine.give_up(KEY, office.account(service)) == ""
    assert office.requests("cancel") == 1
    assert office.booked() == ["unknown"], "it may have been paid"
    error = office.restart().fails(service)
    assert f"doit resume --resubmit {JOB}" in str(error)
    assert office.requests("submit") == 1
    office.engine.resubmit(KEY)
    office.make(service)
    assert len(office.charges) == 2
    assert office.booked() == ["unknown", "spent"]


def test_a_job_that_cannot_be_stopped_is_given_up_all_the_same(office: Office) -> None:
    for number, why in enumerate(("did not say that it stopped", "there is no key", "has no provider called")):
        key = f"{number}" * 64
        office.environ = office.server.environ()
        office.restart(checkpoint=killed_at("accepted"))
        with pytest.raises(Killed):
            office.make("replicate", key=key)
        office.server.misbehave("replicate", status=500, route="cancel")
        if number:
            office.environ["REPLICATE_API_TOKEN"] = ""
        account = office.account("replicate") if number < 2 else None
        assert why in office.restart().engine.give_up(key, account)
        assert office.states(key)[-1] == "abandoned"
    with pytest.raises(FatalError, match="is not under way"):
        office.engine.give_up("0" * 64, None)


def test_a_result_that_comes_with_the_deadline_is_taken(office: Office) -> None:
    office.server.polls = 3
    office.server.misbehave("replicate", status=409, route="cancel")
    made = office.make("replicate", timeout=2.5)
    assert made.files
    assert office.requests("cancel") == 1
    assert office.requests("poll") == 3


def test_a_status_that_nobody_knows_is_waited_for(office: Office) -> None:
    office.server.misbehave("replicate", "unknown-status")
    assert office.make("replicate").files
    assert any("daydreaming" in line for line in office.said)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 429, "retry_after": 3},
        {"status": 404},
        {"do": "reset"},
        {"do": "truncate"},
        {"do": "html"},
        {"do": "broken-json"},
    ],
)
def test_polls_are_repeated_as_often_as_it_takes(office: Office, fault: dict[str, Any]) -> None:
    office.server.misbehave("replicate", route="poll", times=2, **fault)
    assert office.make("replicate").files
    assert len(office.charges) == 1
    assert office.states() == ["intent", "accepted", "result", "fetched"]


def test_a_poll_that_hangs_is_given_up_and_repeated(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "POLL", SHORT)
    office.server.misbehave("replicate", "hang", route="poll")
    office.server.misbehave("replicate", "drip", route="poll", seconds=0.005)
    assert office.make("replicate").files
    assert sum("asking again" in line for line in office.said) == 2


def test_a_job_that_the_provider_forgot_is_not_polled_for_ever(office: Office) -> None:
    office.server.misbehave("replicate", status=404, route="poll", times=None)
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.paid == "maybe"
    assert office.requests("poll") == 4
    assert office.states()[-1] == "failed"


@pytest.mark.parametrize("status", [401, 402])
def test_a_key_that_is_refused_meanwhile_leaves_the_job_for_the_next_build(office: Office, status: int) -> None:
    office.server.misbehave("replicate", status=status, route="poll")
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.paid == "maybe"
    assert "the next build asks for its result" in str(error)
    assert office.states()[-1] == "accepted"
    office.restart().make("replicate")
    assert len(office.charges) == 1
