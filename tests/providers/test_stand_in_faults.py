"""The stand-in misbehaves just as it was told to."""

from __future__ import annotations

import email.utils
import http.client
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.providers.by_hand import call, draw, drawing, polled, predict
from tests.providers.stand_in import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


# faults


def test_a_scripted_answer_comes_as_often_as_it_was_asked_for_and_costs_nothing(server: StandIn) -> None:
    server.misbehave("openai", status=503, headers={"Retry-After": "7"}, times=2)
    assert [draw(server).status for _ in range(3)] == [503, 503, 200]
    assert len(server.charges()) == 1
    server.misbehave("openai", status=502, body="<html>Bad Gateway</html>")
    gateway = draw(server)
    assert (gateway.headers["content-type"], gateway.body) == ("text/html", b"<html>Bad Gateway</html>")


def test_a_fault_is_for_its_route_and_those_it_is_meant_for(server: StandIn) -> None:
    server.misbehave("openai", status=500, route="speech", times=None)
    server.misbehave("openai", status=529, contains="night", times=None)
    server.misbehave("openai", status=500, when=lambda request: request.json["prompt"] == "storm", times=None)
    assert [draw(server, prompt).status for prompt in ("day", "night", "storm")] == [200, 529, 500]
    server.behave()
    assert draw(server, "night").status == 200
    with pytest.raises(ValueError, match="no route 'pictures'"):
        server.misbehave("openai", status=500, route="pictures")
    with pytest.raises(ValueError, match="'explode' is no misbehaviour"):
        server.misbehave("openai", "explode")
    with pytest.raises(ValueError, match="'failed' is for work that is submitted"):
        server.misbehave("replicate", "failed", route="poll")


def test_retry_after_stands_where_the_script_says(server: StandIn) -> None:
    for told in ("header", "date", "ms", "body", "text", "nowhere"):
        server.misbehave("replicate", status=429, retry_after=30, told=told)
    header, date, ms, body, text, nowhere = (predict(server) for _ in range(6))
    assert header.headers["retry-after"] == "30"
    moment = email.utils.parsedate_to_datetime(date.headers["retry-after"]).timestamp()
    assert moment == pytest.approx(time.time() + 30, abs=5)
    assert ms.headers["retry-after-ms"] == "30000"
    assert body.json["retry_after"] == 30
    assert "resets in ~30s" in text.json["detail"]
    assert "30" not in nowhere.body.decode()


@pytest.mark.parametrize("charged", [False, True])
def test_a_hang_is_charged_only_when_the_script_says_so(server: StandIn, charged: bool) -> None:
    server.misbehave("openai", "hang", charged=charged)
    with drawing(server):
        server.until(server.hanging)
        assert len(server.charges()) == int(charged)
        assert server.running("openai") == 1
    server.until(lambda: server.hanging() == 0)  # the client has gone, and the stand-in has noticed
    assert server.running("openai") == 0
    assert len(server.charges()) == int(charged)


def test_who_hangs_is_answered_when_released(server: StandIn) -> None:
    server.misbehave("openai", "hang")
    with drawing(server) as connection:
        server.until(server.hanging)
        server.release()
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("charged", [False, True])
def test_a_reset_is_charged_only_when_the_script_says_so(server: StandIn, charged: bool) -> None:
    server.misbehave("openai", "reset", charged=charged)
    with pytest.raises(ConnectionResetError):
        draw(server)
    assert len(server.charges()) == int(charged)
    assert draw(server).status == 200


def test_an_error_can_come_after_the_work_was_done_and_charged(server: StandIn) -> None:
    server.misbehave("openai", status=500, charged=True)
    assert draw(server).status == 500
    assert len(server.charges()) == 1


def test_answers_come_cut_short_garbled_or_as_something_else(server: StandIn) -> None:
    whole = draw(server).body
    server.misbehave("openai", "truncate")
    with pytest.raises(http.client.IncompleteRead) as cut:
        draw(server)
    assert len(cut.value.partial) < len(whole)
    server.misbehave("openai", "broken-json")
    broken = draw(server)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        broken.json  # noqa: B018 - it parses
    server.misbehave("openai", "html")
    page = draw(server)
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    server.misbehave("openai", "empty")
    empty = draw(server)
    assert (empty.status, empty.body) == (200, b"")
    assert len(server.charges()) == 4  # the page came instead of the work


def test_a_dripping_answer_comes_byte_by_byte(server: StandIn) -> None:
    server.misbehave("openai", "drip", seconds=60)
    with drawing(server) as connection:
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            got += connection.recv(65536)
        connection.settimeout(0.02)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    server.misbehave("openai", "drip", seconds=0)
    assert draw(server).json["data"]
    assert len(server.charges()) == 2


@pytest.mark.parametrize(
    ("do", "status", "output"),
    [
        ("nothing", "succeeded", []),
        ("removed", "succeeded", None),
        ("failed", "failed", None),
        ("aborted",) * 2 + (None,),
    ],
)
def test_a_job_can_come_to_nothing(server: StandIn, do: str, status: str, output: object) -> None:
    server.misbehave("replicate", do)
    made = polled(server, predict(server))
    assert (made["status"], made["output"]) == (status, output)
    assert bool(made["error"]) == (do == "failed")


def test_a_job_can_say_what_nobody_knows_and_end_well(server: StandIn) -> None:
    server.misbehave("replicate", "unknown-status")
    prediction = predict(server)
    assert polled(server, prediction, 1)["status"] == "daydreaming"
    assert polled(server, prediction)["status"] == "succeeded"


def test_jobs_can_end_by_the_clock() -> None:
    with StandIn(seconds=0.0) as server:
        assert predict(server).json["status"] == "succeeded"
        server.seconds = 3600
        assert polled(server, predict(server))["status"] == "processing"


# files


def test_files_can_be_gone_fetched_out_or_too_old(server: StandIn) -> None:
    url = polled(server, predict(server))["output"][0]
    for status in (404, 410, 403):
        server.misbehave("replicate", status=status, route="fetch")
        assert call("GET", url).status == status
    assert call("GET", url).body.startswith(b"\x89PNG")
    server.fetches = 1
    once = polled(server, predict(server))["output"][0]
    assert [call("GET", once).status for _ in range(2)] == [200, 404]
    server.fetches, server.file_polls = None, 2
    old = polled(server, predict(server))["output"][0]
    assert call("GET", old).status == 200
    polled(server, predict(server))
    assert call("GET", old).status == 404


def test_a_download_can_lead_to_another_host_which_tells_whether_it_saw_a_key(server: StandIn) -> None:
    url = polled(server, predict(server))["output"][0]
    server.misbehave("replicate", "redirect", route="fetch")
    moved = call("GET", url)
    assert moved.status == 302
    there = moved.headers["location"]
    assert there.startswith("http://localhost:")
    assert call("GET", there).body.startswith(b"\x89PNG")
    call("GET", there, headers={"Authorization": "Bearer leaked"})
    assert ["authorization" in request.headers for request in server.elsewhere()] == [False, True]
    server.misbehave("replicate", "offsite")
    offsite = polled(server, predict(server))["output"][0]
    assert urlsplit(offsite).netloc != urlsplit(url).netloc
    server.misbehave("replicate", "redirect", route="fetch", to="http://192.0.2.1/x")
    assert call("GET", url).headers["location"] == "http://192.0.2.1/x"


def test_a_download_can_be_too_large_with_or_without_saying_so(server: StandIn) -> None:
    url = polled(server, predict(server))["output"][0]
    server.misbehave("replicate", "oversized", route="fetch", size=200_000)
    said = call("GET", url)
    assert (len(said.body), said.headers["content-length"]) == (200_000, "200000")
    server.misbehave("replicate", "oversized", route="fetch", size=200_000, declared=False)
    unsaid = call("GET", url)
    assert len(unsaid.body) == 200_000
    assert "content-length" not in unsaid.headers
    server.misbehave("replicate", "html", route="fetch")
    assert call("GET", url).headers["content-type"] == "text/html"
