"""The same call for many things, side by side, for what waits on a network or a disk more than it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def side_by_side(call: Callable[[Thing], Result], things: Iterable[Thing], most: int, name: str) -> list[Result]:
    """What the call gives for each thing, in their order; at most `most` at once, on threads of this name.

    The first failure ends it: what has not begun is not begun, and what is under way is waited for. An interrupt
    (KeyboardInterrupt) waits for nobody.
    """
    pool = ThreadPoolExecutor(most, thread_name_prefix=name)
    try:
        return list(pool.map(call, things))
    except BaseException as error:
        pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False)
