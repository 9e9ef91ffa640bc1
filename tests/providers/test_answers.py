"""What an answer that is not 2xx says, and what sort of failure it is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.providers.asking import account, answer
from vbmake.providers.answers import failure, line, own_address, refused, said, sentence
from vbmake.providers.registry import adapter
from vbmake.redact import scrub


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"title": "Not found", "detail": "No such model", "status": 404}, "No such model; Not found"),
        (
            {"detail": [{"loc": ["body", "prompt"], "msg": "field required", "type": "missing"}]},
            "body.prompt: field required (missing)",
        ),
        ({"detail": {"status": "quota", "message": "no characters left"}}, "no characters left"),
        ({"error": {"message": "slow\n down", "type": "x"}}, "slow down"),
        ({"error": "bad", "message": "bad"}, "bad"),
        ([{"detail": "in a list"}], "in a list"),
        (b"plain words", "plain words"),
        (b"<html><h1>502 Bad Gateway</h1></html>", ""),
        (b"", ""),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
        ({"detail": None}, ""),
    ],
)
def test_the_service_s_own_words_on_one_line(body: Any, words: str) -> None:
    assert said(answer(body)) == words


@pytest.mark.parametrize(
    "secret",
    [
        "r8_abcDEF0123456789",
        "sk-proj-0123456789abcdef",
        "sk_0123456789abcdef",
        "Authorization: Bearer 0123456789abcdefghij",
        "Key 0f9b1c2d-0f9b-4c2d-9f9b-0f9b1c2d3e4f:0123456789abcdef0123456789abcdef",
        "0f9b1c2d-0f9b-4c2d-9f9b-0f9b1c2d3e4f:0123456789abcdef0123456789abcdef",
        "whsec_0123456789",
    ],
)
def test_a_key_in_a_service_s_words_is_taken_out(secret: str) -> None:
    told = failure("Replicate", "REPLICATE_API_TOKEN", answer({"detail": f"bad key {secret} given"}, 401)).message
    assert "[key]" in told
    assert "0123456789" not in told


def test_common_words_are_no_keys() -> None:
    text = "the key is missing; task-based sk models; see https://example.org/key"
    assert scrub(text) == text


def test_a_line_is_short_and_moves_no_terminal() -> None:
    assert line("a\x1b[31m\r\nb\u202e") == "a [31m b"
    assert len(line("x" * 1000)) == 400
    assert line("x" * 1000, 10) == "xxxxxxx..."


@pytest.mark.parametrize(
    ("status", "body", "sort"),
    [
        (400, {"detail": "bad"}, "invalid"),
        (400, {"error": {"message": "Your request was rejected by our safety system"}}, "moderation"),
        (401, {}, "auth"),
        (402, {"detail": "Insufficient credit"}, "quota"),
        (403, {"detail": "forbidden"}, "auth"),
        (403, {"detail": "User is locked. Reason: Exhausted balance."}, "quota"),
        (404, {}, "invalid"),
        (408, {}, "transient"),
        (413, {}, "invalid"),
        (422, {"detail": [{"msg": "x", "type": "content_policy_violation", "loc": ["body"]}]}, "moderation"),
        (422, {"detail": "names are case-sensitive"}, "invalid"),
        (429, {"detail": "reduced while you have less than $5 credit"}, "rate"),
        (302, {}, "invalid"),
        (500, {"detail": "sensitive internals"}, "transient"),
        (502, b"<html>", "transient"),
        (529, {}, "transient"),
    ],
)
def test_each_status_has_its_sort(status: int, body: Any, sort: str) -> None:
    found = failure("fal", "FAL_KEY", answer(body, status))
    assert found.sort == sort
    assert found.message.startswith(f"fal answered {status}")
    assert found.paid == "nothing"


def test_only_what_may_pass_has_a_delay() -> None:
    assert failure("fal", "FAL_KEY", answer({}, 429, retry_after="4")).retry_after == 4
    assert failure("fal", "FAL_KEY", answer({"detail": "again in 9s"}, 503)).retry_after == 9
    assert failure("fal", "FAL_KEY", answer({}, 401, retry_after="4")).retry_after is None


def test_a_message_says_what_to_do_next() -> None:
    assert "FAL_KEY" in failure("fal", "FAL_KEY", answer({}, 401)).message
    assert "add credit" in failure("fal", "FAL_KEY", answer({}, 402)).message
    assert "base_url" in failure("fal", "FAL_KEY", answer({}, 301)).message


def test_content_filters_are_known_by_their_words() -> None:
    assert refused("NSFW content detected. Try a different prompt.")
    assert refused("The input or output was flagged as sensitive. (E005)")
    assert not refused("CUDA out of memory")


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("https://api.replicate.com/v1/predictions/a", True),
        ("https://api.replicate.com:8443/v1/predictions/a", False),
        ("http://api.replicate.com/v1/predictions/a", False),
        ("https://api.replicate.com.evil.example/v1", False),
        ("https://api.replicate.com@evil.example/v1", False),
        ("https://[::1/v1", False),
        (None, False),
        (7, False),
    ],
)
def test_only_addresses_on_the_account_s_own_host_are_followed(address: Any, ours: bool) -> None:
    assert bool(own_address(address, account("replicate"))) == ours


@pytest.mark.parametrize(
    ("service", "body", "status"),
    [
        ("openai", {"error": {"message": "You exceeded it.", "code": "insufficient_quota"}}, 429),
        ("openai", {"error": {"message": "There is no such model.", "code": "model_not_found"}}, 404),
        ("replicate", {"detail": "The requested resource could not be found."}, 404),
        ("replicate", {"detail": "Input is wrong."}, 422),
        ("elevenlabs", {"detail": {"status": "voice_not_found", "message": "There is none."}}, 400),
        ("fal", {"detail": "It is gone."}, 410),
    ],
)
def test_what_a_service_ends_with_a_full_stop_goes_on(service: str, body: Any, status: int) -> None:
    message = adapter(service).failure(answer(body, status)).message
    assert not re.search(r"\.[.;,:]", message), message


def test_what_was_cut_keeps_its_dots() -> None:
    assert (sentence("It is wrong."), sentence("It is wr..."), sentence("wrong")) == (
        "It is wrong",
        "It is wr...",
        "wrong",
    )
