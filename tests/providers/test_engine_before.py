"""What is told before anything is sent, and so before anything is paid."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.providers.office import KEY, Office, generation
from vbmake.providers.call import NoBooks
from vbmake.providers.failures import ProviderError
from vbmake.providers.ledger import Ledger
from vbmake.providers.money import Budget, Prices


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
    class Full(NoBooks):
        def reserve(self, *_: Any) -> None:
            raise ProviderError("the budget does not hold it", sort="budget")

    office.restart(ledger=Full())
    assert "budget" in str(office.fails())
    assert not office.lines()


def tight(office: Office) -> Ledger:
    """A ledger whose budget holds one picture at its highest price, and two that came cheaper."""
    prices = Prices.load([{"service": "openai", "model": "*", "unit": "image", "price": "0.15"}])
    return Ledger(office.directory / "tight.jsonl", prices, Budget(Decimal("0.2"), None, None), "run")


def test_a_request_waits_for_what_others_reserved_and_do_not_spend(office: Office) -> None:
    ledger = tight(office)
    other = generation("openai", prompt="a valley")
    ledger.reserve("other", "generated-image:valley", other)
    cheaper = Prices.load([{"service": "openai", "model": "*", "unit": "image", "price": "0.02"}])

    def sleep(seconds: float) -> None:
        assert not office.requests("submit"), "it is not asked before there is room"
        office.clock.sleep(seconds)
        if len(office.clock.slept) == 3:
            ledger.prices = cheaper
            ledger.settle("other", other, {})

    office.restart(ledger=ledger, sleep=sleep)
    with ledger.under_way("other"):
        office.make()
    assert len(office.clock.slept) == 3
    assert office.states()[:2] == ["intent", "result"]
    assert sum("waiting for what that costs" in line for line in office.said) == 1
    assert ledger.spent() == Decimal("0.04")


def test_nobody_waits_for_what_an_earlier_build_left_open(office: Office) -> None:
    ledger = tight(office)
    ledger.reserve("other", "generated-image:valley", generation("openai", prompt="a valley"))
    office.restart(ledger=ledger)
    assert "0.15 USD are reserved" in str(office.fails())
    assert not office.clock.slept


def test_a_request_that_waited_has_all_of_its_time(office: Office) -> None:
    ledger = tight(office)
    ledger.reserve("other", "generated-image:valley", generation("openai", prompt="a valley"))

    def sleep(seconds: float) -> None:
        office.clock.sleep(1000)
        ledger.release("other")

    office.restart(ledger=ledger, sleep=sleep)
    with ledger.under_way("other"):
        office.make(timeout=30)
    assert [(entry.key, entry.state) for entry in ledger.entries()] == [("other", "released"), (KEY, "spent")]
