"""The stand-in keeps its bill right, holds its limits and misbehaves just as it was told to."""

from __future__ import annotations

import email.utils
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.providers.stand_in import StandIn
from tests.providers.stand_in.faults import DEEDS

ROOT = Path(__file__).parents[2]
PICTURE = {"model": "gpt-image-2", "prompt": "A lighthouse", "size": "64x64"}


@dataclass(frozen=True)
class Got:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(method: str, url: str, content: object = None, *, timeout: float = 10, **headers: str) -> Got:
    """One request on a connection of its own."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.netloc, timeout=timeout)
    try:
        target = f"{split.path}?{split.query}" if split.query else split.path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, None if content is None else json.dumps(content), named)
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


def draw(server: StandIn, prompt: str = "A lighthouse", timeout: float = 10) -> Got:
    url = f"{server.url('openai')}/images/generations"
    return call("POST", url, PICTURE | {"prompt": prompt}, timeout=timeout, Authorization=bearer(server))


def bearer(server: StandIn, service: str = "openai") -> str:
    return f"Bearer {server.key(service)}"


def predict(server: StandIn, model: str = "black-forest-labs/flux-schnell", **input: object) -> Got:
    asked = {"prompt": "x", "width": 32, "height": 32, "output_format": "png", **input}
    url = f"{server.url('replicate')}/models/{model}/predictions"
    return call("POST", url, {"input": asked}, Authorization=bearer(server, "replicate"))


def finished(server: StandIn, prediction: Got) -> Any:
    """The prediction after its second poll."""
    for _ in range(2):
        prediction = call("GET", prediction.json["urls"]["get"], Authorization=bearer(server, "replicate"))
    return prediction.json


# the bill


@pytest.mark.parametrize(
    ("service", "path", "header"),
    [
        ("openai", "/images/generations", "Authorization"),
        ("replicate", "/predictions", "Authorization"),
        ("elevenlabs", "/v1/text-to-speech/v", "xi-api-key"),
        ("fal", "/fal-ai/flux/schnell", "Authorization"),
    ],
)
def test_who_has_no_key_or_a_wrong_one_gets_nothing_and_pays_nothing(
    server: StandIn, service: str, path: str, header: str
) -> None:
    for headers in ({}, {header: "Bearer wrong"}, {header: "Key wrong"}):
        answer = call("POST", server.url(service) + path, PICTURE, **headers)
        assert answer.status == 401
        assert answer.json
    assert server.charges() == []
    assert [request.status for request in server.requests(service)] == [401, 401, 401]


def test_the_same_request_is_paid_again_and_gives_other_bytes(server: StandIn) -> None:
    first, second = draw(server), draw(server)
    assert first.json["data"] != second.json["data"]
    assert [charge.ordinal for charge in server.charges("openai")] == [1, 2]
    assert len({charge.sha for charge in server.charges()}) == 1


def test_bytes_do_not_depend_on_what_else_was_asked_before(server: StandIn) -> None:
    alone = draw(server, "one")
    with StandIn() as other:
        draw(other, "two")
        assert draw(other, "one").json["data"] == alone.json["data"]


def test_a_stand_in_that_does_not_vary_repeats_itself() -> None:
    with StandIn(varies=False) as server:
        assert draw(server).json["data"] == draw(server).json["data"]
        assert len(server.charges()) == 2
        first, second = predict(server).json, predict(server).json
        assert first["id"] != second["id"]


def test_requests_are_remembered_with_their_keys_and_contents(server: StandIn) -> None:
    draw(server)
    [request] = server.requests("openai", "images")
    assert request.headers["authorization"] == bearer(server)
    assert (request.method, request.path, request.json, request.status) == (
        "POST",
        "/v1/images/generations",
        PICTURE,
        200,
    )


# limits


def test_the_peak_is_what_was_under_way_at_once(server: StandIn) -> None:
    server.misbehave("openai", "hang", times=3)
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(draw, server, str(n)) for n in range(3)]
        server.until(lambda: server.hanging() == 3)
        assert server.running("openai") == 3
        server.release()
        assert [answer.result().status for answer in answers] == [200, 200, 200]
    draw(server)
    assert server.peak("openai") == 3
    assert server.running("openai") == 0


def test_requests_one_after_the_other_never_count_as_two(server: StandIn) -> None:
    for n in range(50):
        draw(server, str(n))
    assert server.peak("openai") == 1


def test_a_job_is_under_way_until_it_has_ended(server: StandIn) -> None:
    first = predict(server)
    predict(server, prompt="y")
    assert server.peak("replicate") == 2
    finished(server, first)
    assert server.running("replicate") == 1


def test_one_too_many_at_once_is_refused_and_not_charged(server: StandIn) -> None:
    server.limit("openai", concurrent=1, wait=0.5)
    server.misbehave("openai", "hang")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(draw, server)
        server.until(server.hanging)
        refused = draw(server)
        server.release()
        assert answer.result().status == 200
    assert refused.status == 429
    assert refused.headers["retry-after-ms"] == "500"
    assert (server.refused("openai"), len(server.charges("openai"))) == (1, 1)


def test_the_rate_lets_a_burst_pass_and_then_tells_exactly_how_long_to_wait(server: StandIn) -> None:
    server.limit("openai", per_second=0.5, burst=2)
    assert [draw(server).status for _ in range(3)] == [200, 200, 429]
    delay = int(draw(server).headers["retry-after-ms"])
    assert 1000 < delay <= 2000
    server.limit("openai", per_second=200, burst=1)
    assert draw(server).status == 200
    refused = draw(server)
    if refused.status == 429:  # else the machine was so slow that there was room again
        time.sleep(int(refused.headers["retry-after-ms"]) / 1000)
        refused = draw(server)
    assert refused.status == 200


def test_each_service_tells_the_delay_in_its_own_way(server: StandIn) -> None:
    for service in ("replicate", "elevenlabs", "fal"):
        server.limit(service, per_second=0.1, burst=0)
    throttled = predict(server)
    assert throttled.json["retry_after"] == pytest.approx(10, abs=1)
    assert "resets in ~10s" in throttled.json["detail"]
    queue = call("POST", server.url("fal") + "/fal-ai/x", {}, Authorization=f"Key {server.key('fal')}")
    assert float(queue.headers["retry-after"]) == pytest.approx(10, abs=1)
    speech = f"{server.url('elevenlabs')}/v1/text-to-speech/v"
    crowded = call("POST", speech, {"text": "x"}, xi_api_key=server.key("elevenlabs"))
    assert "retry-after" not in crowded.headers
    assert crowded.json["detail"]["status"] == "too_many_concurrent_requests"


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
    with pytest.raises(TimeoutError):
        draw(server, timeout=0.03)
    assert len(server.charges()) == int(charged)
    server.until(lambda: server.hanging() == 0)  # the client has gone, and the stand-in has noticed
    assert server.running("openai") == 0


@pytest.mark.parametrize("charged", [False, True])
def test_a_reset_is_charged_only_when_the_script_says_so(server: StandIn, charged: bool) -> None:
    server.misbehave("openai", "reset", charged=charged)
    with pytest.raises(ConnectionResetError):
        draw(server)
    assert len(server.charges()) == int(charged)
    assert draw(server).status == 200


def test_answers_come_in_drops_cut_short_garbled_or_as_something_else(server: StandIn) -> None:
    whole = draw(server).body
    server.misbehave("openai", "truncate")
    with pytest.raises(http.client.IncompleteRead) as cut:
        draw(server)
    assert len(cut.value.partial) < len(whole)
    server.misbehave("openai", "broken-json")
    broken = draw(server)
    with pytest.raises(ValueError, match="Unterminated|Expecting"):
        json.loads(broken.body)
    server.misbehave("openai", "html")
    page = draw(server)
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    server.misbehave("openai", "empty")
    empty = draw(server)
    assert (empty.status, empty.body) == (200, b"")
    assert len(server.charges()) == 4  # the page came instead of the work


def test_a_dripping_answer_comes_byte_by_byte(server: StandIn) -> None:
    server.misbehave("openai", "drip", seconds=60)
    split = urlsplit(server.origin())
    with socket.create_connection((split.hostname, split.port), timeout=0.05) as connection:
        body = json.dumps(PICTURE)
        head = f"POST /openai/v1/images/generations HTTP/1.1\r\nAuthorization: {bearer(server)}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        got = b""
        with pytest.raises(TimeoutError):
            while True:
                got += connection.recv(65536)
        assert got.endswith(b"\r\n\r\n")
    assert len(server.charges()) == 1


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
    made = finished(server, predict(server))
    assert (made["status"], made["output"]) == (status, output)
    assert bool(made["error"]) == (do == "failed")


def test_a_job_can_say_what_nobody_knows_and_end_well(server: StandIn) -> None:
    server.misbehave("replicate", "unknown-status")
    prediction = predict(server)
    between = call("GET", prediction.json["urls"]["get"], Authorization=bearer(server, "replicate"))
    assert between.json["status"] == "daydreaming"
    assert finished(server, prediction)["status"] == "succeeded"


def test_jobs_can_end_by_the_clock() -> None:
    with StandIn(seconds=0.0) as server:
        assert predict(server).json["status"] == "succeeded"
        server.seconds = 3600
        assert finished(server, predict(server))["status"] == "processing"


# files


def test_files_can_be_gone_fetched_out_or_too_old(server: StandIn) -> None:
    url = finished(server, predict(server))["output"][0]
    for status in (404, 410, 403):
        server.misbehave("replicate", status=status, route="fetch")
        assert call("GET", url).status == status
    assert call("GET", url).body.startswith(b"\x89PNG")
    server.fetches = 1
    once = finished(server, predict(server))["output"][0]
    assert [call("GET", once).status for _ in range(2)] == [200, 404]
    server.fetches, server.file_polls = None, 2
    old = finished(server, predict(server))["output"][0]
    assert call("GET", old).status == 200
    finished(server, predict(server))
    assert call("GET", old).status == 404


def test_a_download_can_lead_to_another_host_which_tells_whether_it_saw_a_key(server: StandIn) -> None:
    url = finished(server, predict(server))["output"][0]
    server.misbehave("replicate", "redirect", route="fetch")
    moved = call("GET", url)
    assert moved.status == 302
    there = moved.headers["location"]
    assert there.startswith("http://localhost:")
    assert call("GET", there).body.startswith(b"\x89PNG")
    call("GET", there, Authorization="Bearer leaked")
    assert ["authorization" in request.headers for request in server.elsewhere()] == [False, True]
    server.misbehave("replicate", "offsite")
    offsite = finished(server, predict(server))["output"][0]
    assert urlsplit(offsite).netloc != urlsplit(url).netloc
    server.misbehave("replicate", "redirect", route="fetch", to="http://192.0.2.1/x")
    assert call("GET", url).headers["location"] == "http://192.0.2.1/x"


def test_a_download_can_be_too_large_with_or_without_saying_so(server: StandIn) -> None:
    url = finished(server, predict(server))["output"][0]
    server.misbehave("replicate", "oversized", route="fetch", size=200_000)
    said = call("GET", url)
    assert (len(said.body), said.headers["content-length"]) == (200_000, "200000")
    server.misbehave("replicate", "oversized", route="fetch", size=200_000, declared=False)
    unsaid = call("GET", url)
    assert len(unsaid.body) == 200_000
    assert "content-length" not in unsaid.headers
    server.misbehave("replicate", "html", route="fetch")
    assert call("GET", url).headers["content-type"] == "text/html"


# itself


def test_every_deed_is_explained() -> None:
    assert all(DEEDS.values())


def test_a_mistake_in_the_stand_in_is_raised_at_its_end() -> None:
    def wrong(_body: object) -> object:
        raise RuntimeError("the test's own mistake")

    with pytest.raises(RuntimeError, match="own mistake"), StandIn() as server:
        server.says = wrong
        asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        with pytest.raises(http.client.RemoteDisconnected):
            call("POST", f"{server.url('openai')}/chat/completions", asked, Authorization=bearer(server))


def test_closing_lets_those_go_who_hang() -> None:
    server = StandIn()
    server.__enter__()
    server.misbehave("openai", "hang")
    gone: list[BaseException] = []

    def ask() -> None:
        try:
            draw(server)
        except (ConnectionError, http.client.HTTPException) as error:
            gone.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    server.until(server.hanging)
    server.close()
    thread.join(timeout=10)
    assert len(gone) == 1


def test_it_serves_as_a_process_of_its_own(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "tests.providers.stand_in", "--ready-file", str(ready), "--polls", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = json.loads(ready.read_text())
        own = f"{told['origin']}/_stand_in"
        key = f"Bearer {told['environ']['OPENAI_API_KEY']}"
        url = f"{told['urls']['openai']}/images/generations"
        assert call("POST", f"{own}/misbehave", {"service": "openai", "status": 500}).status == 200
        assert call("POST", f"{own}/misbehave", {"service": "openai", "do": "explode"}).status == 400
        assert [call("POST", url, PICTURE, Authorization=key).status for _ in range(2)] == [500, 200]
        state = call("GET", f"{own}/state")
        process.send_signal(signal.SIGTERM)
    assert [charge["model"] for charge in state.json["charges"]] == ["gpt-image-2"]
    assert [request["status"] for request in state.json["requests"]] == [500, 200]
    assert state.json["peaks"] == {"openai": 1}
    assert told["environ"]["OPENAI_API_KEY"] not in state.body.decode()
    assert process.returncode == 0
