"""How many tasks of a kind are handed over at once."""

from __future__ import annotations

from vbmake.doit_plugin.pace import HASTY, LARGEST, QUICK, SLOW, Pace


def test_one_of_a_kind_that_nobody_has_seen_yet() -> None:
    assert Pace().batch("shot", 1000, 2) == 1


def test_as_many_as_take_no_longer_than_a_moment_all_together() -> None:
    pace = Pace()
    for seconds, size in ((QUICK / 4, 4), (QUICK, 1), (60.0, 1), (0.0, LARGEST)):
        pace.learn("shot", seconds)
        assert pace.batch("shot", 1000, 2) == size
        assert pace.batch("cut", 1000, 2) == 1


def test_the_last_ones_are_shared_among_all_workers() -> None:
    pace = Pace()
    pace.learn("shot", 0.0)
    assert [pace.batch("shot", waiting, 4) for waiting in (160, 80, 16, 3)] == [20, 10, 2, 1]


def test_functions_that_end_at_once_are_python_alone_until_one_takes_longer() -> None:
    pace = Pace()
    pace.learn("shot", HASTY / 2)
    assert not pace.hasty("shot")  # a program, or who knows
    pace.learn("shot", HASTY / 2, call=True)
    assert pace.hasty("shot")
    assert pace.batch("shot", 40, 4) == 20  # one worker does them all
    pace.learn("shot", SLOW / 2, call=True)
    assert pace.hasty("shot")
    pace.learn("shot", SLOW, call=True)
    assert not pace.hasty("shot")
