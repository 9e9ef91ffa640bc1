"""Replicate: what it is asked, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.asking import account, answer, ask
from vbmake.providers.replicate import Replicate
from vbmake.providers.types import Accepted, Failure, Ready, Running

REPLICATE = Replicate()
ACCOUNT = account("replicate")
VERSION = "a" * 64
API = "https://api.replicate.com/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu"
FILE = "https://replicate.delivery/xezq/out-0.webp"


def prediction(status: str = "starting", **more: Any) -> dict[str, Any]:
    """A prediction as Replicate answers it."""
    return {
        "id": "gm3qorzdhgbfurvjtvhg6dckhu",
        "model": "black-forest-labs/flux-schnell",
        "version": "hidden",
        "input": {"prompt": "a lighthouse"},
        "logs": "",
        "output": None,
        "data_removed": False,
        "error": None,
        "status": status,
        "created_at": "2026-09-08T19:19:34.765Z",
        "urls": {"get": API, "cancel": f"{API}/cancel", "web": "https://replicate.com/p/gm3q"},
        **more,
    }


def polled(status: str, **more: Any) -> Any:
    return REPLICATE.polled(ask("replicate"), answer(prediction(status, **more)), ACCOUNT)


def failed(status: str, **more: Any) -> Failure:
    with pytest.raises(Failure) as raised:
        polled(status, **more)
    return raised.value


@pytest.mark.parametrize(
    ("model", "path", "version"),
    [
        ("google/lyria-2", "/models/google/lyria-2/predictions", None),
        (f"meta/musicgen:{VERSION}", "/predictions", VERSION),
        (VERSION, "/predictions", VERSION),
        ("deployments/acme/painter", "/deployments/acme/painter/predictions", None),
    ],
)
def test_each_form_of_a_model_has_its_own_path(model: str, path: str, version: str | None) -> None:
    request = REPLICATE.submit(ask("replicate", "music", model), ACCOUNT)
    assert (request.method, request.url) == ("POST", f"https://api.replicate.com/v1{path}")
    assert request.json.get("version") == version
    assert request.json["input"]["prompt"] == "a lighthouse"


@pytest.mark.parametrize(
    "model",
    [
        "flux",
        "a/b/c",
        "../b",
        "a/..",
        "a/b?x=1",
        "a/b#c",
        "a b/c",
        "a/b:latest",
        f"a/b:{VERSION}0",
        f"deployments/a/b:{VERSION}",
        "ä/b",
        "a/b\n",
        "https://evil.example/b",
    ],
)
def test_what_is_no_model_never_reaches_a_url(model: str) -> None:
    asked = ask("replicate", model=model)
    assert "owner/name" in REPLICATE.check(asked)
    with pytest.raises(Failure) as raised:
        REPLICATE.submit(asked, ACCOUNT)
    assert raised.value.sort == "invalid"


def test_a_kind_it_does_not_make_is_told() -> None:
    assert REPLICATE.check(ask("replicate", "script", "meta/llama")).startswith("replicate makes no script")
    assert REPLICATE.check(ask("replicate")) == ""


@pytest.mark.parametrize(("timeout", "told"), [(None, "1800s"), (1.0, "5s"), (90.5, "90s"), (90000.0, "1800s")])
def test_a_run_that_nobody_waits_for_ends_by_itself(timeout: float | None, told: str) -> None:
    request = REPLICATE.submit(ask("replicate"), account("replicate", timeout=timeout))
    assert dict(request.headers) == {"cancel-after": told}


def test_the_token_is_a_bearer_s_and_in_no_request() -> None:
    assert REPLICATE.authorise("r8_x") == {"authorization": "Bearer r8_x"}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_accepted_prediction_is_polled_and_cancelled_where_it_says(status: int) -> None:
    accepted = REPLICATE.accepted(ask("replicate"), answer(prediction(), status), ACCOUNT)
    assert isinstance(accepted, Accepted)
    assert (accepted.id, accepted.poll, accepted.cancel) == (API.rpartition("/")[2], API, f"{API}/cancel")
    assert accepted.facts["cancel_method"] == "POST"


def test_behind_a_gateway_it_is_polled_at_the_gateway() -> None:
    gateway = account("replicate", "https://gateway.example/replicate/v1/")
    accepted = REPLICATE.accepted(ask("replicate"), answer(prediction()), gateway)
    assert isinstance(accepted, Accepted)
    assert accepted.poll == "https://gateway.example/replicate/v1/predictions/gm3qorzdhgbfurvjtvhg6dckhu"
    assert accepted.cancel == f"{accepted.poll}/cancel"


def test_a_server_that_answers_when_it_is_done_is_ready_at_once() -> None:
    body = {"status": "succeeded", "output": "data:image/png;base64,AAAA"}
    ready = REPLICATE.accepted(ask("replicate"), answer(body), account("replicate", "http://127.0.0.1:5000"))
    assert isinstance(ready, Ready)
    assert ready.payloads[0].content == b"\0\0\0"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", {"detail": "?"}, prediction(id=None), prediction(id="../a")])
def test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome(body: Any) -> None:
    with pytest.raises(Failure) as raised:
        REPLICATE.accepted(ask("replicate"), answer(body, 201), ACCOUNT)
    assert (raised.value.sort, raised.value.paid) == ("unknown", "maybe")


@pytest.mark.parametrize("status", ["starting", "processing", "queued", "daydreaming"])
def test_every_other_status_is_still_running(status: str) -> None:
    assert polled(status, logs="") == Running(note=status)
    assert polled(status, logs="loading\n 40%|####| 2/5\n\n") == Running(note=f"{status}: 40%|####| 2/5")


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (FILE, [FILE]),
        ([FILE, f"{FILE}?1"], [FILE, f"{FILE}?1"]),
        (
            {"preview": "https://replicate.delivery/x/a.mp4", "image": FILE},
            [FILE, "https://replicate.delivery/x/a.mp4"],
        ),
    ],
)
def test_a_result_is_a_url_a_list_or_any_json(output: Any, urls: list[str]) -> None:
    ready = polled("succeeded", output=output)
    assert [payload.url for payload in ready.payloads] == urls
    assert ready.payloads[0].extension == "webp"


def test_what_was_used_and_made_is_kept() -> None:
    metrics = {"predict_time": 1.25, "total_time": 3.0}
    ready = polled("succeeded", output=[FILE], metrics=metrics, logs="Using seed: 1234\nready", version="hidden")
    assert ready.usage == {"runs": 1, "images": 1}
    assert ready.facts == {
        "id": "gm3qorzdhgbfurvjtvhg6dckhu",
        "version": "hidden",
        "model": "black-forest-labs/flux-schnell",
        "metrics": metrics,
        "seed": 1234,
    }


@pytest.mark.parametrize("model", [f"someone/painter:{VERSION}", VERSION, "deployments/acme/painter"])
def test_models_that_are_paid_by_the_machine_s_time_tell_it(model: str) -> None:
    body = prediction("succeeded", output=FILE, metrics={"predict_time": 12.5}, input={"seed": 3})
    ready = REPLICATE.polled(ask("replicate", "clip", model), answer(body), ACCOUNT)
    assert isinstance(ready, Ready)
    assert ready.usage == {"runs": 1, "seconds": 12.5}
    assert ready.facts["seed"] == 3


def test_what_a_model_could_not_be_told_is_kept() -> None:
    asked = ask("replicate", "music", seconds=40.0)
    ready = REPLICATE.polled(asked, answer(prediction("succeeded", output=FILE)), ACCOUNT)
    assert isinstance(ready, Ready)
    assert ready.facts["left_to_model"] == ["seconds"]


def test_a_failed_prediction_gives_its_error_and_the_end_of_its_logs() -> None:
    logs = "".join(f"line {number}\n" for number in range(20))
    failure = failed("failed", error="CUDA out of memory", logs=logs)
    assert (failure.sort, failure.paid) == ("failed", "maybe")
    assert "failed: CUDA out of memory" in failure.message
    assert "line 15 / line 16 / line 17 / line 18 / line 19" in failure.message
    assert "line 14" not in failure.message


def test_a_refusal_of_the_content_filter_is_moderation() -> None:
    failure = failed("failed", error="NSFW content detected. Try running it again, or try a different prompt.")
    assert failure.sort == "moderation"
    assert "change the prompt" in failure.message


def test_a_failure_without_a_reason_says_so() -> None:
    assert "no reason given" in failed("failed").message


def test_what_was_ended_before_it_began_cost_nothing() -> None:
    assert failed("aborted").paid == "nothing"
    assert failed("canceled").paid == "maybe"


@pytest.mark.parametrize("output", [None, [], {}, "", "no file, sorry", {"error": "?"}])
def test_success_without_a_file_is_a_failure_that_was_paid(output: Any) -> None:
    failure = failed("succeeded", output=output)
    assert (failure.sort, failure.paid) == ("failed", "yes")
    assert "without a file" in failure.message


def test_a_result_that_was_removed_is_told() -> None:
    failure = failed("succeeded", data_removed=True, input={}, logs=None)
    assert (failure.sort, failure.paid) == ("failed", "yes")
    assert "was removed: Replicate keeps results for an hour" in failure.message


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", {"detail": "?"}])
def test_a_poll_that_cannot_be_read_is_asked_again(body: Any) -> None:
    with pytest.raises(Failure) as raised:
        REPLICATE.polled(ask("replicate"), answer(body), ACCOUNT)
    assert raised.value.sort == "transient"


def test_a_429_tells_its_delay_from_the_body() -> None:
    body = {"detail": "Request was throttled. Your rate limit resets in ~5s.", "status": 429, "retry_after": 5}
    failure = REPLICATE.failure(answer(body, 429))
    assert (failure.sort, failure.retry_after, failure.paid) == ("rate", 5, "nothing")


def test_an_unknown_model_says_that_it_may_need_a_version() -> None:
    failure = REPLICATE.failure(answer({"title": "Not found", "status": 404, "detail": "No such model"}, 404))
    assert failure.sort == "invalid"
    assert "owner/name:VERSION" in failure.message


def test_other_answers_are_sorted_as_everywhere() -> None:
    assert REPLICATE.failure(answer({"detail": "- input.width: must be an integer"}, 422)).sort == "invalid"
    assert "input.width" in REPLICATE.failure(answer({"detail": "- input.width: must be an integer"}, 422)).message
    assert REPLICATE.failure(answer({}, 401)).sort == "auth"
    assert REPLICATE.failure(answer({}, 402)).sort == "quota"
    assert REPLICATE.failure(answer(b"", 410)).sort == "failed"
    assert REPLICATE.failure(answer(b"", 503)).sort == "transient"
