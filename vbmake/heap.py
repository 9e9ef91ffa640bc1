"""Python's collector of cyclic garbage rests while a declaration is read and planned.

A film of ten thousand scenes is millions of objects, all of which stay: looking through them again and again for
garbage takes as long as making them (measured: 10 s instead of 5).
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No collection in the block (or the decorated function), unless another thread asks for it."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def settle() -> None:
    """Let the collector leave alone, from now on, what there is now: what was planned stays to the end.

    To be called where the collector still rests: it would look through everything once as soon as it may (0.4 s). It
    looks less often afterwards: what a job leaves in memory stays, too, and is no garbage.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
