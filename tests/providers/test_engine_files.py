"""Files that do not come as they were promised: fetched again, from their own host alone, and never paid twice."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from tests.providers.office import JOB, KEY, SHORT, Office
from vbmake.errors import RetryableError
from vbmake.providers import exchange, http
from vbmake.providers.failures import ProviderError
from vbmake.providers.http import Client, NotSent


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"do": "reset"},
        {"do": "truncate"},
        {"do": "html"},
        {"do": "empty"},
        {"status": 200, "body": '{"error": "not now"}'},
    ],
)
def test_a_file_that_does_not_come_whole_is_fetched_again(office: Office, fault: dict[str, Any]) -> None:
    office.server.misbehave("replicate", route="fetch", times=3, **fault)
    made = office.make("replicate")
    assert made.files[0].read_bytes()[:4] == b"\x89PNG"
    assert office.clock.slept[-3:] == [1, 2, 4]
    assert not list(made.files[0].parent.glob(".*"))


@pytest.mark.parametrize("fault", [{"status": 503}, {"do": "empty"}, {"do": "html"}, {"do": "truncate"}])
def test_a_file_that_cannot_be_fetched_now_is_fetched_by_the_next_build(office: Office, fault: dict[str, Any]) -> None:
    office.server.misbehave("replicate", route="fetch", times=4, **fault)
    error = office.fails("replicate")
    assert isinstance(error, RetryableError)
    assert "it was charged" in str(error)
    assert office.states()[-1] == "result"
    polls = office.requests("poll")
    office.restart().make("replicate")
    assert len(office.charges) == 1
    assert office.requests("poll") == polls
    assert office.booked() == ["spent"]


@pytest.mark.parametrize("do", ["hang", "drip"])
def test_a_download_has_a_deadline(office: Office, monkeypatch: pytest.MonkeyPatch, do: str) -> None:
    monkeypatch.setattr(exchange, "FETCH", SHORT)
    office.server.misbehave("replicate", do, route="fetch", seconds=0.005)
    assert office.make("replicate").files


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_address_that_expired_is_asked_for_anew_before_anything_is_given_up(office: Office, status: int) -> None:
    office.server.misbehave("replicate", status=status, route="fetch")
    assert office.make("replicate").files
    assert office.requests("poll") == 3
    assert len(office.charges) == 1


def test_a_result_that_is_gone_is_told_as_paid_and_only_another_build_asks_again(office: Office) -> None:
    office.server.fetches = 0
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.paid == "yes"
    assert "404" in str(error)
    assert "building again asks, and pays, again" in str(error)
    assert office.states()[-1] == "failed"
    assert office.booked() == ["spent"]
    assert len(office.charges) == 1
    office.server.fetches = None
    office.make("replicate")
    assert len(office.charges) == 2


def test_a_file_that_is_kept_from_us_is_not_given_up(office: Office) -> None:
    office.server.misbehave("replicate", status=403, route="fetch", times=4)
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert error.paid == "yes"
    assert f"doit reroll {JOB}" in str(error)
    assert office.states()[-1] == "result"
    office.restart().make("replicate")
    assert len(office.charges) == 1


def test_a_file_of_another_host_comes_without_the_key(office: Office) -> None:
    office.server.misbehave("replicate", "redirect", route="fetch")
    office.server.misbehave("fal", "offsite")
    before = len(office.server.elsewhere())
    office.make("replicate", key="one")
    office.make("fal", key="two")
    there = office.server.elsewhere()[before:]
    assert len(there) == 2
    for request in there:
        assert "authorization" not in request.headers
        assert office.server.key("replicate") not in str(request.headers)


def test_an_address_without_end_is_not_followed(office: Office) -> None:
    loop = f"{office.server.origin()}/files/000001-replicate.png"
    office.server.misbehave("replicate", "redirect", route="fetch", times=None)
    office.server.misbehave("replicate", "redirect", route="elsewhere", times=None, to=loop)
    error = office.fails("replicate")
    assert isinstance(error, (ProviderError, RetryableError))
    assert office.states()[-1] == "result"


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_is_too_large_is_not_brought(
    office: Office, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(exchange, "SIZE", 2**20)
    office.server.misbehave("replicate", "oversized", route="fetch", size=2**22, declared=declared)
    error = office.fails("replicate")
    assert isinstance(error, ProviderError)
    assert "larger than 1 MB" in str(error)
    assert error.paid == "yes"
    assert not list((office.directory / "generations" / KEY).glob("*.png"))
    assert office.states()[-1] == "result"


def test_an_answer_that_is_too_large_is_a_question(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER", 2**20)
    office.server.misbehave("openai", "oversized", size=2**22)
    error = office.fails()
    assert isinstance(error, ProviderError)
    assert error.sort == "unknown"
    assert "larger than 1 MB" in str(error)


def test_a_disk_that_is_full_while_a_file_comes_is_told_as_that(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(http, "open", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        office.make("replicate")
    assert office.requests("fetch") == 1, "trying again does not make room"


def test_a_network_that_is_down_for_a_moment_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    download, calls = Client.download, []

    def flaky(self: Client, *args: Any) -> Any:
        calls.append(args)
        if len(calls) < 3:
            raise NotSent("Network is unreachable")
        return download(self, *args)

    monkeypatch.setattr(Client, "download", flaky)
    assert office.make("replicate").files
