"""Whoever reads what is told may leave (`doit plan | head -1`): the program then ends too, and without a word."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from vbmake.errors import WorkspaceError

UNHEARD = 141  # as a shell tells of a program that SIGPIPE ended


class Unheard(KeyboardInterrupt):
    """Nobody reads any more what a build tells: it ends as at an interrupt, so that what was finished is kept."""


def unheard(*more: Any) -> bool:
    """Whether a reader of the standard streams, or of one of `more`, has left. What is told there goes nowhere then.

    A BrokenPipeError alone does not say so: it may be of another pipe or socket altogether.
    """
    found = False
    for stream in (sys.__stdout__, sys.__stderr__, *more):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or no file at all
            number = stream.fileno()
            poll = select.poll()
            poll.register(number, 0)
            if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
                silence(number)
                found = True
    return found


def silence(number: int) -> None:
    """Have all that is written to a file descriptor from here on go nowhere. Raises OSError."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def stand_in() -> None:
    """Have standard streams that are closed (`2>&-`) lead nowhere.

    Else the next file that is opened would stand in their place, and whatever a tool says would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                if os.open(os.devnull, os.O_RDWR) == number:  # (the lowest that is free)
                    os.set_inheritable(number, True)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # to the end


def flush() -> None:
    """Have everything written that was told: the interpreter does so at its end, too late to see that nobody reads."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # a full disk, of which the interpreter tells
        pass


def to_the_end(run: Callable[[], Any]) -> Any:
    """What `run` returns, once all that was told is written; UNHEARD where the reader has left."""
    try:
        code = run()
        flush()
        return code
    except BrokenPipeError:
        if not unheard():
            raise
        return UNHEARD


class _Nowhere(io.TextIOBase):
    """Where that goes that is told to a standard output that is closed (`>&-`)."""

    def write(self, text: str) -> int:
        return len(text)


class Told:
    """A stream of which it is told, in a line, when it cannot be written: a disk may be full."""

    def __init__(self, stream: Any) -> None:
        self._stream = _Nowhere() if stream is None else stream

    def write(self, text: str) -> Any:
        return self._tell(lambda: self._stream.write(text))

    def writelines(self, lines: Iterable[str]) -> Any:
        return self._tell(lambda: self._stream.writelines(lines))

    def flush(self) -> Any:
        return self._tell(lambda: self._stream.flush())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _tell(self, write: Callable[[], Any]) -> Any:
        try:
            return write()
        except BrokenPipeError:
            self._leave()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        """Raises WorkspaceError; what is told from here on goes nowhere."""
        with contextlib.suppress(OSError, ValueError):
            silence(self._stream.fileno())
        raise WorkspaceError(f"what is told cannot be written: {error.strerror or error}") from error

    def _leave(self) -> NoReturn:
        """Called while a BrokenPipeError is handled."""
        raise  # that one


class Heard(Told):
    """The output of a build: a write that nobody reads ends the build in good order, too."""

    def _leave(self) -> NoReturn:
        """Called while a BrokenPipeError is handled. Raises Unheard, or that where it is of something else."""
        if not unheard(self._stream):
            raise
        raise Unheard from None


@contextlib.contextmanager
def as_before() -> Iterator[None]:
    """A block after which standard output is what it was."""
    before = sys.stdout
    try:
        yield
    finally:
        sys.stdout = before


def tell_all() -> None:
    """Have standard output be `Told`, until the end of the block that is `as_before`."""
    if not isinstance(sys.stdout, Told):
        sys.stdout = Told(sys.stdout)
