"""Files are measured one after the other while that is quick, and several at once where it takes a while."""

from __future__ import annotations

import threading
import time

from vbmake.run.rounds import HESITATION, PROBES, side_by_side


def test_quick_calls_are_made_in_order_by_one_thread() -> None:
    made: list[tuple[int, int]] = []

    def call(number: int) -> int:
        made.append((number, threading.get_ident()))
        return 2 * number

    assert list(side_by_side(call, list(range(200)))) == [2 * number for number in range(200)]
    assert made == [(number, threading.get_ident()) for number in range(200)]


def test_calls_that_take_a_while_are_made_several_at_once_and_answered_in_order() -> None:
    together = threading.Barrier(PROBES, timeout=60)

    def call(number: int) -> int:
        if number < 2:
            time.sleep(2 * HESITATION)
        else:
            together.wait()  # nobody passes before as many are here
        return number

    count = 2 + 2 * PROBES
    assert list(side_by_side(call, list(range(count)))) == list(range(count))
