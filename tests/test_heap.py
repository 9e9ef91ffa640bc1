"""The garbage collector rests while a plan is made, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from vbmake.heap import uncollected


def test_the_collector_rests_in_the_block_and_wakes_after_it() -> None:
    assert gc.isenabled()
    with uncollected(), uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_wakes_after_a_failure() -> None:
    @uncollected()
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert gc.isenabled()


def test_who_has_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
