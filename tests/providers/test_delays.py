"""Every form in which a service says when to come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbmake.providers.delays import LONGEST, retry_after
from vbmake.providers.types import Response

NOW = 1_000_000_000.0  # Sun, 09 Sep 2001 01:46:40 GMT


def answer(headers: dict[str, str] | None = None, body: Any = b"", status: int = 429) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, content)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 0.25 "}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sun, 09 Sep 2001 01:47:10 GMT"}, 30.0),
        ({"retry-after": "Sun, 09 Sep 2001 01:46:00 GMT"}, 0.0),
        ({"retry-after": "86400"}, LONGEST),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 99 Sep 2001 01:47:10 GMT"}, None),
        ({}, None),
    ],
)
def test_the_header_tells_seconds_milliseconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(answer(headers), now=NOW) == seconds


def test_a_date_is_counted_from_the_clock_of_the_service_that_told_it() -> None:
    headers = {"retry-after": "Sun, 09 Sep 2001 02:00:10 GMT", "date": "Sun, 09 Sep 2001 02:00:00 GMT"}
    assert retry_after(answer(headers), now=NOW) == 10.0


def test_without_a_clock_the_date_is_compared_with_this_machine_s() -> None:
    assert retry_after(answer({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"})) == LONGEST
    assert retry_after(answer({"retry-after": "Sun, 09 Sep 2001 02:00:10 GMT"})) == 0.0


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"detail": "Request was throttled.", "status": 429, "retry_after": 5}, 5.0),
        ({"error": {"message": "slow down", "retry_after": 2.5}}, 2.5),
        ({"detail": [{"msg": "busy", "retry_after": "3"}]}, 3.0),
        ({"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}}, 34.0),
        ({"retry_after": True}, None),
        ({"retry_after": None, "error": {"retry_after": 4}}, 4.0),
        ({"detail": "Your rate limit resets in ~5s."}, 5.0),
        ({"error": {"message": "Rate limit reached. Please try again in 1m20.5s. Visit ..."}}, 80.5),
        ({"error": {"message": "Please try again in 86ms."}}, 0.086),
        ({"detail": "Please wait 2 minutes"}, 120.0),
        ({"detail": "Retry after 1 hour 2 seconds"}, LONGEST),
        ({"detail": "try again in 3 weeks"}, None),
        ({"detail": "limit of 5 requests per 10s"}, None),
    ],
)
def test_the_body_tells_it_as_a_field_or_in_a_sentence(body: Any, seconds: float | None) -> None:
    told = retry_after(answer(body=body), now=NOW)
    assert told == (None if seconds is None else pytest.approx(seconds))


def test_a_page_of_html_may_say_it_too() -> None:
    assert retry_after(answer(body=b"<p>Busy, try again in 12 seconds</p>", status=503)) == 12.0


def test_the_header_wins_over_the_body() -> None:
    assert retry_after(answer({"retry-after": "1"}, {"retry_after": 9})) == 1.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "3s"}, 3.0),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "30s",
                "x-ratelimit-remaining-tokens": "149000",
            },
            1.0,
        ),
        ({"x-ratelimit-reset": "17"}, 17.0),
        ({"x-ratelimit-reset": str(NOW + 40)}, 40.0),
        ({"x-ratelimit-reset": str(int((NOW + 40) * 1000))}, 40.0),
        ({"x-ratelimit-reset": "tomorrow"}, None),
    ],
)
def test_the_limits_own_headers_are_the_last_resort(headers: dict[str, str], seconds: float | None) -> None:
    told = retry_after(answer(headers), now=NOW)
    assert told == (None if seconds is None else pytest.approx(seconds))


def test_a_body_that_is_huge_or_deep_is_survived() -> None:
    assert retry_after(answer(body=b"[" * 60_000)) is None
    assert retry_after(answer(body=b" " * 10_000_000 + b'{"retry_after": 5}')) is None


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-ratelimit-reset-tokens"]),
        st.text(max_size=40),
    ),
    st.binary(max_size=200),
)
def test_whatever_is_told_the_delay_is_none_or_within_its_bounds(headers: dict[str, str], body: bytes) -> None:
    told = retry_after(answer(headers, body), now=NOW)
    assert told is None or 0 <= told <= LONGEST
