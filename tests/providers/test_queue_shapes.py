"""Our requests and answers of Replicate and fal against their own Python clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import fal_client
import httpx
import pytest
from replicate.client import Client
from replicate.prediction import Prediction

from tests.providers.asking import account, answer, ask
from tests.providers.test_fal import OWN, REQUEST, queued
from tests.providers.test_replicate import FILE, VERSION, prediction
from vbmake.providers.fal import Fal
from vbmake.providers.replicate import Replicate
from vbmake.providers.types import Accepted, Request


class Seen:
    """A transport that keeps the requests it is given and answers each with the same JSON."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.requests: list[httpx.Request] = []
        self.body = body

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(201, json=self.body)

    @property
    def last(self) -> tuple[str, str, Any]:
        request = self.requests[-1]
        return request.method, str(request.url), json.loads(request.content) if request.content else None


def ours(request: Request) -> tuple[str, str, Any]:
    return request.method, request.url, request.json


def their_replicate(seen: Seen) -> Client:
    return Client(api_token="r8_x", transport=httpx.MockTransport(seen))


def their_fal(seen: Seen) -> fal_client.SyncClient:
    client = fal_client.SyncClient(key="a:b")
    vars(client)["_client"] = httpx.Client(transport=httpx.MockTransport(seen), headers={"Authorization": "Key a:b"})
    return client


def test_replicate_s_client_asks_an_official_model_as_we_do() -> None:
    seen = Seen(prediction())
    mine = Replicate().submit(ask("replicate", width=1280, height=720), account("replicate"))
    their_replicate(seen).models.predictions.create("black-forest-labs/flux-schnell", input=mine.json["input"])
    assert seen.last == ours(mine)


def test_replicate_s_client_asks_a_version_as_we_do() -> None:
    seen = Seen(prediction())
    mine = Replicate().submit(ask("replicate", "music", f"meta/musicgen:{VERSION}"), account("replicate"))
    their_replicate(seen).predictions.create(version=VERSION, input=mine.json["input"])
    assert seen.last == ours(mine)


def test_replicate_s_client_asks_a_deployment_as_we_do() -> None:
    seen = Seen(prediction())
    mine = Replicate().submit(ask("replicate", model="deployments/acme/painter"), account("replicate"))
    their_replicate(seen).deployments.predictions.create("acme/painter", input=mine.json["input"])
    assert seen.last == ours(mine)


def test_replicate_s_client_carries_the_token_as_we_do() -> None:
    seen = Seen(prediction())
    their_replicate(seen).predictions.get("gm3qorzdhgbfurvjtvhg6dckhu")
    assert seen.requests[-1].headers["authorization"] == Replicate().authorise("r8_x")["authorization"]
    accepted = Replicate().accepted(ask("replicate"), answer(prediction()), account("replicate"))
    assert isinstance(accepted, Accepted)
    assert seen.last[:2] == ("GET", accepted.poll)
    their_replicate(seen).predictions.cancel("gm3qorzdhgbfurvjtvhg6dckhu")
    assert seen.last[:2] == (accepted.facts["cancel_method"], accepted.cancel)


@pytest.mark.parametrize(
    "body",
    [
        prediction(),
        prediction("processing", logs="Using seed: 4\n", started_at="2026-09-08T19:19:35Z"),
        prediction("succeeded", output=[FILE], metrics={"predict_time": 0.7}, completed_at="2026-09-08T19:19:36Z"),
        prediction("failed", error="NSFW content detected"),
        prediction("canceled"),
    ],
)
def test_the_predictions_of_these_tests_are_replicate_s(body: dict[str, Any]) -> None:
    read = Prediction(**body)
    assert read.status == body["status"]
    assert read.output == body["output"]


def test_fal_s_client_asks_a_model_as_we_do() -> None:
    seen = Seen(queued())
    mine = Fal().submit(ask("fal", width=1280, height=720), account("fal", timeout=90))
    their_fal(seen).submit("fal-ai/flux/schnell", arguments=mine.json, start_timeout=90)
    assert seen.last == ours(mine)
    theirs = seen.requests[-1].headers
    assert float(theirs["x-fal-request-timeout"]) == float(mine.headers["x-fal-request-timeout"])
    assert theirs["authorization"] == Fal().authorise("a:b")["authorization"]


@pytest.mark.parametrize("model", ["fal-ai/flux/schnell", "acme/painter", "workflows/acme/film"])
def test_fal_s_client_looks_and_cancels_where_we_do(model: str) -> None:
    seen = Seen(queued())
    handle = their_fal(seen).get_handle(model, REQUEST)
    mine = Fal().accepted(ask("fal", model=model), answer({"request_id": REQUEST}), account("fal"))
    assert isinstance(mine, Accepted)
    assert (handle.status_url, handle.cancel_url) == (mine.poll, mine.cancel)
    done = Fal().polled(ask("fal", model=model), answer({"status": "COMPLETED", "request_id": REQUEST}), account("fal"))
    assert isinstance(done, Accepted)
    assert handle.response_url == done.poll
    handle.cancel()
    assert seen.last[0] == mine.facts["cancel_method"]


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (queued(), fal_client.Queued(position=2)),
        (queued(status="IN_PROGRESS", logs=[]), fal_client.InProgress(logs=[])),
        (
            queued(status="COMPLETED", logs=[], metrics={"inference_time": 0.7}),
            fal_client.Completed(logs=[], metrics={"inference_time": 0.7}, error=None, error_type=None),
        ),
    ],
)
def test_the_statuses_of_these_tests_are_fal_s(body: dict[str, Any], read: fal_client.Status) -> None:
    assert their_fal(Seen(body)).get_handle("fal-ai/flux/schnell", REQUEST).status() == read
    assert OWN.startswith("https://queue.fal.run/")
