"""The ledger: a budget is never exceeded, nothing is counted twice, and no crash makes anything free."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vbmake.errors import WorkspaceError
from vbmake.providers.book import COSTS, read_book
from vbmake.providers.failures import ProviderError
from vbmake.providers.ledger import Ledger
from vbmake.providers.money import Budget, Prices
from vbmake.providers.types import Generation

PRICES = Prices.load(
    [
        {"service": "fal", "model": "cent", "unit": "run", "price": "0.01"},
        {"service": "fal", "model": "minute", "unit": "second", "price": 1, "per": 60},
        {"service": "fal", "model": "dollar", "unit": "run", "price": 1},
    ]
)


def clip(model: str = "cent", **more: Any) -> Generation:
    return Generation("clip", "fal", model, "The sea", **more)


def budget(total: str | None = None, run: str | None = None, confirm: str | None = None) -> Budget:
    amounts = [None if limit is None else Decimal(limit) for limit in (total, run, confirm)]
    return Budget(amounts[0], amounts[1], amounts[2])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / COSTS


def ledger(path: Path, limits: Budget | None = None, run: str = "first") -> Ledger:
    def ticks() -> Iterator[datetime]:
        moment = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
        while True:
            yield moment
            moment += timedelta(seconds=1)

    times = ticks()
    return Ledger(path, PRICES, limits, run, clock=lambda: next(times))


def usd(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def sums(one: Ledger) -> tuple[Decimal, ...]:
    """What is spent, and what may be."""
    return one.spent(), one.pending()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def states(one: Ledger) -> list[str]:
    return [entry.state for entry in one.entries()]


def test_what_was_settled_is_spent_and_known_to_the_next_run(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:sea", clip("minute", seconds=6.0))
    assert sums(one) == usd("0", "0.1")
    assert one.settle("k1", clip("minute", seconds=6.0), {"seconds": 3.0}) == Decimal("0.05")
    again = ledger(path, run="second")
    assert sums(again) == usd("0.05", "0")
    (entry,) = again.entries()
    assert (entry.job, entry.service, entry.model, entry.run) == ("clip:sea", "fal", "minute", "first")
    assert entry.time == "2026-11-22T17:00:00.000+00:00"


def test_the_file_says_what_happened_one_object_a_line(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:sea", clip())
    one.settle("k1", clip(), {})
    assert [line["event"] for line in lines(path)] == ["reserve", "settle"]
    assert lines(path)[1] == {
        "time": "2026-11-22T17:00:01.000+00:00",
        "run": "first",
        "job": "clip:sea",
        "key": "k1",
        "service": "fal",
        "model": "cent",
        "event": "settle",
        "low": None,
        "high": None,
        "amount": "0.01",
    }


def test_every_line_is_on_the_disk_before_the_call_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def fsync(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else path.read_text()[-3:])

    monkeypatch.setattr(os, "fsync", fsync)
    one = ledger(path)
    one.reserve("k1", "clip:sea", clip())
    assert synced == ["l}\n", "folder"]
    one.release("k1")
    assert synced == ["l}\n", "folder", "l}\n"]


def test_a_budget_counts_what_is_reserved(path: Path) -> None:
    one = ledger(path, budget(total="0.02"))
    one.reserve("k1", "clip:a", clip())
    one.reserve("k2", "clip:b", clip())
    with pytest.raises(ProviderError) as caught:
        one.reserve("k3", "clip:c", clip())
    assert caught.value.sort == "budget"
    message = str(caught.value)
    assert "fal cent would cost 0.01 USD" in message
    assert "the budget of 0.02 USD for the project" in message
    assert "0 USD are spent and 0.02 USD are reserved" in message
    assert "provider: local" in message
    assert len(one.entries()) == 2


def test_what_failed_before_it_was_charged_is_free_again(path: Path) -> None:
    one = ledger(path, budget(total="0.01"))
    one.reserve("k1", "clip:a", clip())
    one.release("k1")
    one.reserve("k2", "clip:b", clip())
    assert states(one) == ["released", "reserved"]
    assert one.pending() == Decimal("0.01")


def test_what_cost_less_than_foreseen_leaves_the_rest(path: Path) -> None:
    one = ledger(path, budget(total="1.5"))
    one.reserve("k1", "clip:a", clip("minute", seconds=60.0))
    one.settle("k1", clip("minute", seconds=60.0), {"seconds": 30.0})
    one.reserve("k2", "clip:b", clip("dollar"))
    assert sums(one) == usd("0.5", "1")


def test_an_unknown_outcome_stays_counted_and_asking_again_counts_twice(path: Path) -> None:
    one = ledger(path, budget(total="2.5"))
    one.reserve("k1", "clip:a", clip("dollar"))
    one.keep("k1")
    assert (states(one), sums(one)) == (["unknown"], usd("0", "1"))
    one.reserve("k1", "clip:a", clip("dollar"))
    assert sums(one) == usd("0", "2")
    one.settle("k1", clip("dollar"), {})
    assert (states(one), sums(one)) == (["unknown", "spent"], usd("1", "1"))
    with pytest.raises(ProviderError, match=r"1\.00 USD are spent and 1\.00 USD are reserved or may have been spent"):
        one.reserve("k2", "clip:b", clip("dollar"))


def test_an_answer_that_came_after_all_settles_the_unknown_outcome(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.keep("k1")
    for again in (one, ledger(path, run="second")):
        again.settle("k1", clip(), {})
    assert (states(ledger(path)), sums(ledger(path))) == (["spent"], usd("0.01", "0"))


def test_a_delivery_that_is_settled_twice_is_paid_once(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.settle("k1", clip(), {})
    again = ledger(path, run="second")
    assert again.settle("k1", clip(), {}) == Decimal("0.01")
    assert again.spent() == Decimal("0.01")
    again.release("k1")
    again.keep("k1")
    assert states(again) == ["spent"]


def test_a_new_request_for_the_same_key_is_paid_again(path: Path) -> None:
    one = ledger(path)
    for _ in range(2):
        one.reserve("k1", "clip:a", clip())
        one.settle("k1", clip(), {})
    assert one.spent() == Decimal("0.02")


def test_a_reservation_goes_on_in_the_next_run(path: Path) -> None:
    ledger(path, budget(total="1")).reserve("k1", "clip:a", clip("dollar"))
    again = ledger(path, budget(total="1"), run="second")
    again.reserve("k1", "clip:a", clip("dollar"))
    assert (states(again), sums(again)) == (["reserved"], usd("0", "1"))
    again.settle("k1", clip("dollar"), {})
    assert sums(again) == usd("1", "0")


def test_a_run_has_a_budget_of_its_own(path: Path) -> None:
    first = ledger(path, budget(run="1"))
    first.reserve("k1", "clip:a", clip("dollar"))
    with pytest.raises(ProviderError, match=r"the budget of 1\.00 USD for a run"):
        first.reserve("k2", "clip:b", clip())
    first.settle("k1", clip("dollar"), {})
    second = ledger(path, budget(run="1"), run="second")
    second.reserve("k2", "clip:b", clip("dollar"))
    assert sums(second) == usd("1", "1")


def test_a_model_without_a_price_is_refused_under_a_budget_with_the_ways_out(path: Path) -> None:
    with pytest.raises(ProviderError) as caught:
        ledger(path, budget(total="100")).reserve("k1", "clip:a", clip("new-model"))
    assert caught.value.sort == "budget"
    for words in ("no price is known for fal new-model", "prices: [{service: fal, model: new-model", "unpriced: allow"):
        assert words in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("limits", [None, Budget(total=Decimal(1), unpriced=True), budget(confirm="1")])
def test_a_model_without_a_price_is_counted_where_it_is_allowed(path: Path, limits: Budget | None) -> None:
    one = ledger(path, limits)
    assert one.reserve("k1", "clip:a", clip("new-model")).high is None
    assert one.settle("k1", clip("new-model"), {"runs": 1}) is None
    (entry,) = ledger(path).entries()
    assert (entry.state, entry.amount) == ("spent", None)


def test_a_price_that_was_taken_away_meanwhile_makes_nothing_free(path: Path) -> None:
    ledger(path).reserve("k1", "clip:a", clip("dollar"))
    assert Ledger(path, Prices.load(), None, "second").settle("k1", clip("dollar"), {}) == Decimal(1)


def test_threads_never_exceed_the_budget_together(path: Path) -> None:
    one = ledger(path, budget(total="0.1"))
    together = threading.Barrier(8)

    def ask(number: int) -> int:
        together.wait()
        granted = 0
        for turn in range(4):
            try:
                one.reserve(f"k{number}-{turn}", "clip:a", clip())
            except ProviderError:
                continue
            one.settle(f"k{number}-{turn}", clip(), {})
            granted += 1
        return granted

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(ask, range(8)))
    assert granted == 10
    assert sums(one) == usd("0.1", "0")
    assert read_book(path).total("spent") == Decimal("0.1")


@pytest.mark.parametrize("torn", ['{"time":"2026', '{"event":"settle","key":"k1","amount":"0.01"', "\x00\x00\x00"])
def test_a_last_line_that_a_crash_cut_off_is_left_out_and_mended(path: Path, torn: str) -> None:
    ledger(path).reserve("k1", "clip:a", clip())
    with path.open("a") as stream:
        stream.write(torn)
    again = ledger(path, run="second")
    assert (again.pending(), again.problems) == (Decimal("0.01"), [])
    again.settle("k1", clip(), {})
    assert [line["event"] for line in lines(path)] == ["reserve", "settle"]


def test_a_last_line_that_only_lacks_its_end_counts(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.settle("k1", clip(), {})
    path.write_text(path.read_text().rstrip("\n"))
    again = ledger(path)
    assert again.spent() == Decimal("0.01")
    again.reserve("k2", "clip:b", clip())
    assert [line["event"] for line in lines(path)] == ["reserve", "settle", "reserve"]


@pytest.mark.parametrize(
    "line",
    [
        "rubbish",
        "[1]",
        '{"event":"refund","key":"k"}',
        '{"event":["settle"],"key":"k"}',
        '{"event":"settle"}',
        '{"event":"settle","key":7}',
        '{"event":"settle","key":"k","amount":"-1"}',
        '{"event":"settle","key":"k","amount":NaN}',
        '{"event":"settle","key":"k","amount":[]}',
        "[" * 3000,
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_the_others_count(path: Path, line: str) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.settle("k1", clip(), {})
    path.write_text(line + "\n" + path.read_text())
    again = ledger(path)
    assert again.spent() == Decimal("0.01")
    (problem,) = again.problems
    assert problem.startswith(f"{path}:1: this line cannot be read")


def test_bytes_that_are_no_text_are_told(path: Path) -> None:
    ledger(path).reserve("k1", "clip:a", clip())
    path.write_bytes(b"\xff\xfe\n" + path.read_bytes())
    assert len(ledger(path).problems) == 1


@pytest.mark.parametrize(("lost", "spent", "pending"), [(0, "0.01", "0"), (1, "0", "0.01")])
def test_a_lost_line_never_makes_an_asset_free(path: Path, lost: int, spent: str, pending: str) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.settle("k1", clip(), {})
    kept = path.read_text().splitlines()
    kept[lost] = "rubbish"
    path.write_text("\n".join(kept) + "\n")
    again = ledger(path)
    assert sums(again) == usd(spent, pending)
    assert len(again.problems) == 1


def test_a_kept_reservation_counts_even_without_its_first_line(path: Path) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    one.keep("k1")
    path.write_text(path.read_text().splitlines()[1] + "\n")
    assert ledger(path).pending() == Decimal("0.01")


def test_nothing_is_promised_that_could_not_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ledger(path)
    one.reserve("k1", "clip:a", clip())
    before = path.read_bytes()
    written = os.write

    def full(handle: int, data: bytes) -> int:
        written(handle, data[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(WorkspaceError, match=r"costs\.jsonl"):
            one.reserve("k2", "clip:b", clip())
    assert path.read_bytes() == before
    assert [entry.key for entry in one.entries()] == ["k1"]


def test_a_ledger_that_cannot_be_read_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match="cannot read"):
        ledger(path).spent()


def test_a_project_that_never_asked_has_no_ledger(path: Path) -> None:
    one = ledger(path)
    assert sums(one) == usd("0", "0")
    assert not one.entries() + one.problems
    one.release("k1")
    one.keep("k1")
    assert not path.exists()


def test_amounts_are_written_without_an_exponent(path: Path) -> None:
    tiny: Mapping[str, Any] = {"service": "fal", "model": "tiny", "unit": "run", "price": "1E-9"}
    one = Ledger(path, Prices.load([tiny]), None, "first")
    one.reserve("k1", "clip:a", clip("tiny"))
    assert lines(path)[0]["high"] == "0.000000001"
