"""fal: what it is asked, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.asking import account, answer, ask
from vbmake.providers.fal import Fal
from vbmake.providers.types import Accepted, Failure, Ready, Running

FAL = Fal()
ACCOUNT = account("fal")
REQUEST = "80e732af-660e-45cd-bd63-580e4f2a94cc"
OWN = f"https://queue.fal.run/fal-ai/flux/requests/{REQUEST}"
FILE = "https://v3.fal.media/files/penguin/out.png"


def queued(**more: Any) -> dict[str, Any]:
    """A request as the queue answers it."""
    urls = {"response_url": OWN, "status_url": f"{OWN}/status", "cancel_url": f"{OWN}/cancel"}
    return {"status": "IN_QUEUE", "request_id": REQUEST, "queue_position": 2, **urls, **more}


def polled(body: Any, **headers: Any) -> Any:
    return FAL.polled(ask("fal"), answer(body, **headers), ACCOUNT)


def failed(body: Any) -> Failure:
    with pytest.raises(Failure) as raised:
        polled(body)
    return raised.value


def test_a_request_goes_to_the_model_s_endpoint() -> None:
    request = FAL.submit(ask("fal", width=1280, height=720), account("fal", timeout=90))
    assert (request.method, request.url) == ("POST", "https://queue.fal.run/fal-ai/flux/schnell")
    assert request.json == {
        "prompt": "a lighthouse",
        "seed": 7,
        "image_size": {"width": 1280, "height": 720},
        "num_images": 1,
        "output_format": "png",
    }
    assert dict(request.headers) == {"x-fal-request-timeout": "90"}
    assert dict(FAL.submit(ask("fal"), ACCOUNT).headers) == {}


@pytest.mark.parametrize(
    "model",
    [
        "flux",
        "../x",
        "fal-ai/..",
        "fal-ai//x",
        "fal-ai/x?y",
        "fal-ai/x#",
        "fal-ai/x y",
        "https://e.example/x",
        "fal-ai/x\n",
    ],
)
def test_what_is_no_model_never_reaches_a_url(model: str) -> None:
    assert "no model of fal" in FAL.check(ask("fal", model=model))
    with pytest.raises(Failure, match="no model of fal"):
        FAL.submit(ask("fal", model=model), ACCOUNT)


def test_a_kind_it_does_not_make_is_told() -> None:
    assert FAL.check(ask("fal", "words", "fal-ai/whisper")).startswith("fal makes no words")
    assert FAL.check(ask("fal")) == ""


def test_the_key_is_a_key_and_no_bearer_s() -> None:
    assert FAL.authorise("id:secret") == {"authorization": "Key id:secret"}


def test_what_was_accepted_is_polled_and_cancelled_where_it_says() -> None:
    accepted = FAL.accepted(ask("fal"), answer(queued()), ACCOUNT)
    assert accepted == Accepted(
        id=REQUEST, poll=f"{OWN}/status", cancel=f"{OWN}/cancel", facts={"cancel_method": "PUT", "id": REQUEST}
    )


@pytest.mark.parametrize(
    ("model", "app"),
    [
        ("fal-ai/flux/schnell", "fal-ai/flux"),
        ("acme/painter", "acme/painter"),
        ("workflows/acme/film/x", "workflows/acme/film"),
    ],
)
def test_behind_a_gateway_it_is_asked_at_the_gateway(model: str, app: str) -> None:
    gateway = account("fal", "https://gateway.example/fal/")
    accepted = FAL.accepted(ask("fal", model=model), answer(queued()), gateway)
    assert isinstance(accepted, Accepted)
    assert accepted.poll == f"https://gateway.example/fal/{app}/requests/{REQUEST}/status"
    done = FAL.polled(ask("fal", model=model), answer(queued(status="COMPLETED")), gateway)
    assert isinstance(done, Accepted)
    assert done.poll == f"https://gateway.example/fal/{app}/requests/{REQUEST}"


@pytest.mark.parametrize("body", [b"<html>", [], {}, queued(request_id=None), queued(request_id="../a")])
def test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome(body: Any) -> None:
    with pytest.raises(Failure) as raised:
        FAL.accepted(ask("fal"), answer(body), ACCOUNT)
    assert (raised.value.sort, raised.value.paid) == ("unknown", "maybe")


def test_while_it_waits_or_runs_its_place_is_told() -> None:
    assert polled(queued()) == Running(note="in the queue, 2 before it")
    assert polled(queued(status="IN_PROGRESS", logs=[])) == Running(note="in progress")
    assert polled({"status": "DREAMING", "request_id": REQUEST}) == Running(note="dreaming")


def test_what_is_completed_stands_at_another_url() -> None:
    done = polled(queued(status="COMPLETED", logs=[], metrics={"inference_time": 0.7}))
    assert isinstance(done, Accepted)
    assert done.poll == OWN
    assert done.facts["result"] is True
    assert done.facts["metrics"] == {"inference_time": 0.7}


def test_a_status_without_its_urls_is_found_by_its_id() -> None:
    done = polled({"status": "COMPLETED", "request_id": REQUEST})
    assert isinstance(done, Accepted)
    assert done.poll == OWN
    assert "not where the result is" in failed({"status": "COMPLETED"}).message


def test_completed_may_carry_an_error() -> None:
    failure = failed(queued(status="COMPLETED", error="Runner died", error_type="runner_disconnected"))
    assert (failure.sort, failure.paid) == ("failed", "maybe")
    assert failure.message == "fal-ai/flux/schnell failed at fal: Runner died (runner_disconnected)"
    assert failed(queued(status="COMPLETED", error="no", error_type="content_policy_violation")).sort == "moderation"


@pytest.mark.parametrize(
    "body",
    [
        {"images": [{"url": FILE, "content_type": "image/png", "width": 1280}], "prompt": "https://not.example/a"},
        {"image": {"url": FILE, "file_name": "out.png"}, "status": "fine"},
        {"video": {"url": FILE}},
        {"audio_file": {"url": FILE}},
        {"audio": FILE},
        {"output": {"files": [FILE]}},
    ],
)
def test_the_result_is_found_whatever_it_is_called(body: dict[str, Any]) -> None:
    ready = polled(body)
    assert isinstance(ready, Ready)
    assert [payload.url for payload in ready.payloads] == [FILE]


def test_what_was_made_is_kept() -> None:
    ready = polled({"images": [{"url": FILE}], "seed": 41, "timings": {"inference": 0.4}}, x_fal_request_id=REQUEST)
    assert ready.usage == {"runs": 1, "images": 1}
    assert ready.facts == {"id": REQUEST, "model": "fal-ai/flux/schnell", "seed": 41, "timings": {"inference": 0.4}}


def test_a_result_without_a_file_was_paid() -> None:
    failure = failed({"images": [], "seed": 4})
    assert (failure.sort, failure.paid) == ("failed", "yes")
    assert "without a file" in failure.message


def test_a_picture_that_the_filter_blackened_is_no_result() -> None:
    failure = failed({"images": [{"url": FILE}], "has_nsfw_concepts": [True]})
    assert (failure.sort, failure.paid) == ("moderation", "yes")
    assert isinstance(polled({"images": [{"url": FILE}], "has_nsfw_concepts": [False]}), Ready)


@pytest.mark.parametrize("body", [b"{", [], "done", None])
def test_a_poll_that_cannot_be_read_is_asked_again(body: Any) -> None:
    assert failed(body).sort == "transient"


def test_errors_are_sorted_with_fal_s_own_word_for_them() -> None:
    validation = {"detail": [{"loc": ["body", "prompt"], "msg": "field required", "type": "missing"}]}
    failure = FAL.failure(answer(validation, 422, x_fal_error_type="model_error"))
    assert failure.sort == "invalid"
    assert "body.prompt: field required (missing)" in failure.message
    assert "model_error" in failure.message
    locked = {"detail": "User is locked. Reason: Exhausted balance. Top up your balance."}
    assert FAL.failure(answer(locked, 403)).sort == "quota"
    assert FAL.failure(answer({"detail": "no"}, 401)).sort == "auth"
    assert "FAL_KEY" in FAL.failure(answer({"detail": "no"}, 401)).message
    assert FAL.failure(answer({}, 429, retry_after="2")).retry_after == 2


def test_a_server_error_that_no_second_try_mends_is_a_failed_job() -> None:
    assert FAL.failure(answer({"detail": "x"}, 500)).sort == "transient"
    assert FAL.failure(answer({"detail": "x"}, 500, x_fal_retryable="true")).sort == "transient"
    assert FAL.failure(answer({"detail": "x"}, 500, x_fal_retryable="false")).sort == "failed"
