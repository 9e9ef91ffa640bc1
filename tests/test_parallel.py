"""Side by side: in order, no more than allowed, and not kept by what has not begun."""

from __future__ import annotations

import threading
import time

import pytest

from vbmake.parallel import side_by_side


def test_results_come_in_order_and_no_more_run_at_once_than_allowed() -> None:
    lock = threading.Lock()
    busy: set[int] = set()
    peak: list[int] = []

    def square(number: int) -> int:
        with lock:
            busy.add(number)
            peak.append(len(busy))
        time.sleep(0.001 * (number % 3))
        with lock:
            busy.remove(number)
        return number * number

    assert side_by_side(square, range(20), 4, "square") == [number * number for number in range(20)]
    assert max(peak) <= 4


def test_a_failure_ends_it_and_waits_for_those_under_way_alone() -> None:
    begun: list[int] = []
    ended: list[int] = []
    both = threading.Barrier(2)

    def work(number: int) -> None:
        begun.append(number)
        if number < 2:
            both.wait()
        if number == 0:
            raise ValueError("it failed")
        time.sleep(0.05)
        ended.append(number)

    with pytest.raises(ValueError, match="it failed"):
        side_by_side(work, range(100), 2, "work")
    assert 1 in ended
    assert sorted(ended) == sorted(set(begun) - {0})
    assert len(begun) < 100


def test_an_interrupt_waits_for_nobody() -> None:
    go_on = threading.Event()
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise KeyboardInterrupt
        go_on.wait(30)

    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, range(100), 2, "work")
    assert not go_on.is_set()
    go_on.set()
    time.sleep(0.05)
    assert len(begun) <= 4
