"""The same call for many things, side by side, for what waits on a network or a disk more than it computes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import TypeVar

HEEDFUL = 0.2  # seconds between two looks, as a wait without end can miss Ctrl-C
Thing = TypeVar("Thing")
Result = TypeVar("Result")


def side_by_side(call: Callable[[Thing], Result], things: Iterable[Thing], most: int, name: str) -> list[Result]:
    """What the call gives for each thing, in their order; at most `most` at once, on threads of this name.

    The first failure ends it: what has not begun is not begun, and what is under way is waited for. An interrupt
    (KeyboardInterrupt) waits for nobody: daemon threads, unlike those of `concurrent.futures`, keep no program from
    ending.
    """
    waiting = list(enumerate(things))
    waiting.reverse()
    results: dict[int, Result] = {}
    failures: list[BaseException] = []
    ended: SimpleQueue[None] = SimpleQueue()

    def serve() -> None:
        try:
            while True:
                try:
                    number, thing = waiting.pop()
                except IndexError:
                    return
                results[number] = call(thing)
        except BaseException as error:
            failures.append(error)
            waiting.clear()
        finally:
            ended.put(None)

    count = len(waiting)
    busy = min(most, count)
    for number in range(busy):
        threading.Thread(target=serve, name=f"{name}-{number}", daemon=True).start()
    try:
        while busy and (not failures or isinstance(failures[0], Exception)):
            with contextlib.suppress(Empty):
                ended.get(timeout=HEEDFUL)
                busy -= 1
    finally:
        waiting.clear()
    if failures:
        raise failures[0]
    return [results[number] for number in range(count)]
