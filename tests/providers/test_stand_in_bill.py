"""The stand-in keeps its bill right and holds its limits."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.providers.by_hand import PICTURE, call, credentials, draw, drawing, polled, predict
from tests.providers.stand_in import StandIn
from tests.providers.stand_in.state import Limit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


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
        answer = call("POST", server.url(service) + path, PICTURE, headers)
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
    assert request.headers["authorization"] == f"Bearer {server.key('openai')}"
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
    predict(server, "y")
    assert server.peak("replicate") == 2
    polled(server, first)
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
    limit = Limit(per_second=4, burst=2, tokens=2)
    assert [limit.take(0.0), limit.take(0.0), limit.take(0.0), limit.take(0.05)] == [0, 0, 0.25, 0.2]
    assert [limit.take(0.26), limit.take(0.26), limit.take(100), limit.take(100)] == [0, 0.24, 0, 0]
    assert limit.take(100) > 0
    server.limit("openai", per_second=0.01, burst=2)
    assert [draw(server).status for _ in range(3)] == [200, 200, 429]
    assert 90_000 < int(draw(server).headers["retry-after-ms"]) <= 100_000
    assert (server.refused("openai"), len(server.charges("openai"))) == (2, 2)


def test_each_service_tells_the_delay_in_its_own_way(server: StandIn) -> None:
    for service in ("replicate", "elevenlabs", "fal"):
        server.limit(service, per_second=0.1, burst=0)
    throttled = predict(server)
    assert throttled.json["retry_after"] == pytest.approx(10, abs=1)
    assert "resets in ~10s" in throttled.json["detail"]
    queue = call("POST", f"{server.url('fal')}/fal-ai/x", {}, credentials(server, "fal"))
    assert float(queue.headers["retry-after"]) == pytest.approx(10, abs=1)
    speech = f"{server.url('elevenlabs')}/v1/text-to-speech/v"
    crowded = call("POST", speech, {"text": "x"}, credentials(server, "elevenlabs"))
    assert "retry-after" not in crowded.headers
    assert crowded.json["detail"]["status"] == "too_many_concurrent_requests"


# itself


def test_a_mistake_in_the_stand_in_is_raised_at_its_end() -> None:
    def wrong(_body: object) -> object:
        raise RuntimeError("the test's own mistake")

    server = StandIn().__enter__()
    server.says = wrong
    asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(http.client.RemoteDisconnected):
        call("POST", f"{server.url('openai')}/chat/completions", asked, credentials(server, "openai"))
    with pytest.raises(RuntimeError, match="own mistake"):
        server.__exit__(None, None, None)


def test_closing_lets_those_go_who_hang() -> None:
    server = StandIn().__enter__()
    server.misbehave("openai", "hang")
    with drawing(server) as connection:
        server.until(server.hanging)
        server.close()
        assert connection.recv(1) == b""


def test_it_serves_as_a_process_of_its_own(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "tests.providers.stand_in", "--ready-file", str(ready), "--polls", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = json.loads(ready.read_text())
        own = f"{told['origin']}/_stand_in"
        key = {"Authorization": f"Bearer {told['environ']['OPENAI_API_KEY']}"}
        url = f"{told['urls']['openai']}/images/generations"
        assert call("POST", f"{own}/misbehave", {"service": "openai", "status": 500}).status == 200
        assert call("POST", f"{own}/misbehave", {"service": "openai", "do": "explode"}).status == 400
        assert [call("POST", url, PICTURE, key).status for _ in range(2)] == [500, 200]
        state = call("GET", f"{own}/state")
        process.send_signal(signal.SIGTERM)
    assert [charge["model"] for charge in state.json["charges"]] == ["gpt-image-2"]
    assert [request["status"] for request in state.json["requests"]] == [500, 200]
    assert state.json["peaks"] == {"openai": 1}
    assert told["environ"]["OPENAI_API_KEY"] not in state.body.decode()
    assert process.returncode == 0
