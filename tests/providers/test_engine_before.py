"""What is told before anything is sent, and so before anything is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.providers.office import Office
from vbmake.providers.failures import ProviderError


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "set the environment variable OPENAI_API_KEY to your key of openai"),
        ("sk-one\nsk-two", "holds what is no key"),
        ("sk-über-key", "holds what is no key"),
        ("two words", "holds what is no key"),
    ],
)
def test_a_key_that_is_none_is_told_before_anything_is_sent(office: Office, key: str, words: str) -> None:
    office.environ["OPENAI_API_KEY"] = key
    error = office.restart().fails()
    assert isinstance(error, ProviderError)
    assert error.sort == "auth"
    assert words in str(error)
    assert not key or key not in str(error)
    assert not office.lines()


def test_a_key_is_not_sent_without_encryption(office: Office) -> None:
    error = office.fails(base_url="http://example.com/v1")
    assert "without encryption" in str(error)
    error = office.fails(base_url="https://me:secret@example.com/v1")
    assert "base_url" in str(error)
    assert "secret" not in str(error)


def test_what_the_adapter_refuses_is_told_before_anything_is_sent(office: Office) -> None:
    error = office.fails(prompt="  ")
    assert isinstance(error, ProviderError)
    assert (error.sort, error.paid) == ("invalid", "nothing")
    assert not office.lines()


def test_a_request_that_cannot_be_written_is_no_question(office: Office) -> None:
    error = office.fails(options={"user": "\ud800"})
    assert isinstance(error, ProviderError)
    assert error.sort == "invalid"
    assert office.states() == ["intent", "failed"]
    assert office.booked() == ["released"]
    lost = office.fails("openai", "words", key="other", files={"audio": Path("/nowhere/voice.wav")})
    assert "voice.wav" in str(lost)
    assert office.states("other") == ["intent", "failed"]


def test_a_budget_that_is_used_up_stops_before_anything_is_sent(office: Office) -> None:
    class Full:
        def reserve(self, *_: Any) -> None:
            raise ProviderError("the budget does not hold it", sort="budget")

    office.restart(ledger=Full())
    assert "budget" in str(office.fails())
    assert not office.lines()
