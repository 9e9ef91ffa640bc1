"""Run other programs: argument lists only, each in a process group of its own, none outliving the build."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from vbmake.errors import JobError

LOOK = 1.0  # seconds between two looks whether a program that says nothing has ended
LINGER = 5.0  # seconds that the pipes of a program that has ended are listened to
CHUNK = 1 << 16  # bytes that go through a pipe at once
LONGEST = 1 << 20  # bytes of a line that is waited for

Hear = Callable[[bytes], Any]


_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_closing = threading.Event()


def start(args: Sequence[str], **kwargs: Any) -> subprocess.Popen[bytes]:
    """Start a program in its own process group and remember it, so that `terminate_all` can end it.

    Raises JobError when the build is being interrupted or the program cannot be started.
    """
    with _lock:
        if _closing.is_set():
            raise JobError("interrupted")
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(list(args), process_group=0, **kwargs)
        except OSError as error:
            raise JobError(f"{args[0]} could not be started: {error.strerror or error}") from None
        _running.add(process)
    return process


def finish(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
    """Wait for a started program and forget it; returns its exit code."""
    try:
        return process.wait(timeout)
    finally:
        if process.returncode is not None:
            with _lock:
                _running.discard(process)


def end(process: subprocess.Popen[bytes], grace: float = 2.0) -> None:
    """End a program and everything it started: TERM, then KILL after `grace` seconds."""
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, None)):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
    with _lock:
        _running.discard(process)


def terminate_all() -> None:
    """End every running program and let none start until `reopen`: what an interrupt does."""
    _closing.set()
    with _lock:
        running = list(_running)
    for process in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in running:
        end(process)


def terminate_descendants(grace: float = 2.0) -> None:
    """End what others have started below this process and left in its process group: TERM, then KILL.

    These are the programs that a terminal's Ctrl-C would reach and a signal sent to this process alone does not, such
    as the commands of a user's own tasks. What has moved to a group or a session of its own (a daemon) is left alone.
    """
    for sign, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 0.5)):
        found = _held()
        for pid in found:
            _send(pid, sign)
            _send(pid, signal.SIGCONT)
        deadline = time.monotonic() + patience
        while any(map(_alive, found)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _held() -> list[int]:
    """The descendants in this process group, stopped: who goes on while we look may start others unseen."""
    found: list[int] = []
    while new := [pid for pid in _descendants() if pid not in found and _group(pid) == os.getpgrp() and _alive(pid)]:
        for pid in new:
            _send(pid, signal.SIGSTOP)
        deadline = time.monotonic() + 0.5
        while any(map(_runs, new)) and time.monotonic() < deadline:
            time.sleep(0.001)  # a stop takes effect a moment after it was sent: until then another may be started
        found += new
    return found


def _runs(pid: int) -> bool:
    """Whether a process goes on: it is neither stopped nor dead. Where there is no /proc, that is not known: False."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()[0] not in (b"T", b"t", b"Z", b"X")
    except (OSError, IndexError):
        return False


def _send(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, sign)


def _descendants() -> list[int]:
    """The processes below this one, parents before their children."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Each process of this machine with its parent: from /proc, or from `ps` where there is none (macOS)."""
    if os.path.exists("/proc/self/stat"):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as stream:
                yield int(name), int(stream.read().rpartition(b")")[2].split()[1])
        return
    with contextlib.suppress(OSError):
        listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False)
        for line in listing.stdout.splitlines():
            with contextlib.suppress(ValueError):
                pid, parent = map(int, line.split())
                yield pid, parent


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended and waits for its parent to notice does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()[0] != b"Z"
    except (OSError, IndexError):
        if os.path.exists("/proc/self/stat"):
            return False
    return _group(pid) is not None


def pause(seconds: float) -> None:
    """Sleep. Raises JobError as soon as the build is interrupted: nobody waits for who only waits."""
    if _closing.wait(seconds):
        raise JobError("interrupted")


def reopen() -> None:
    """Allow programs to start again after `terminate_all`."""
    _closing.clear()


@contextlib.contextmanager
def running(args: Sequence[str], **kwargs: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended, with its children, when the block is left before it finished."""
    process = start(args, **kwargs)
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        if process.poll() is None:
            end(process)
        finish(process)
        # What it has left running would outlive the build, and write in a directory that another job is lent.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def run(
    args: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Callable[[str], None] | None = None,
    on_line: Callable[[str], None] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
) -> bytes:
    """Run a program to its end and return its standard output (bytes).

    Standard error goes to `log` line by line; `on_line` receives standard output line by line instead of it being
    collected. Raises JobError with the last lines of standard error when the program fails, or after `timeout` seconds.
    """
    tail: deque[str] = deque(maxlen=20)

    def hear(line: str) -> None:
        if line := line.rstrip():
            tail.append(line)
            if log is not None:
                log(line)

    collected: list[bytes] = []
    with running(
        args,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        hear_out = collected.append if on_line is None else Lines(on_line)
        hearers: dict[IO[bytes] | None, Hear] = {process.stdout: hear_out, process.stderr: Lines(hear)}
        in_time = _converse(process, hearers, stdin, timeout)
        if not in_time:
            end(process)
        code = finish(process)
    if code != 0 or not in_time:
        name = Path(args[0]).name
        if not in_time:
            raise JobError(f"{name} did not finish within {timeout:g} s and was ended")
        detail = "\n".join(f"    {line}" for line in list(tail)[-8:])
        raise JobError(f"{name} {_ending(code)}" + (f":\n{detail}" if detail else ""))
    return b"".join(collected)


def _ending(code: int) -> str:
    """How a program failed, in words, by its exit code."""
    if code >= 0:
        return f"failed with exit code {code}"
    try:
        return f"was ended by the signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by the signal {-code}"


class Lines:
    """Takes bytes as they come and hands on whole lines of text; what is left at the end (b"") is one, too."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > LONGEST):
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._hear(line.decode("utf-8", "replace"))


def _converse(
    process: subprocess.Popen[bytes],
    hearers: Mapping[IO[bytes] | None, Hear],
    stdin: bytes | None,
    timeout: float | None,
) -> bool:
    """Hear all that a program says, and say `stdin` to it, until it has ended; False when it did not within `timeout`.

    One thread does for all pipes: to start others takes longer than many programs run. What a program has left running
    may hold its pipes open for ever: that is waited for shortly.
    """
    deadline = time.monotonic() + timeout if timeout is not None else math.inf
    unsaid = memoryview(stdin or b"")
    with selectors.PollSelector() as selector, _watch(process) as watch:
        for stream, hear in hearers.items():
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, hear)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        if watch is not None:
            selector.register(watch, selectors.EVENT_READ)
        ended = False
        while selector.get_map():
            patience = min(LOOK, deadline - time.monotonic())
            if patience <= 0:
                if ended:
                    break
                return False
            for key, _ in selector.select(patience):
                if key.data is not None:
                    data = os.read(key.fd, CHUNK)
                    key.data(data)
                    if data:
                        continue
                elif key.fileobj is process.stdin and (unsaid := _say(key.fd, unsaid)):
                    continue
                selector.unregister(key.fileobj)
                if key.fileobj is process.stdin:
                    process.stdin.close()
            if not ended and process.poll() is not None:
                ended, deadline = True, min(deadline, time.monotonic() + LINGER)
    for hear in hearers.values():
        hear(b"")
    if not ended:
        with contextlib.suppress(subprocess.TimeoutExpired):  # (it has closed its pipes, and goes on)
            process.wait(deadline - time.monotonic() if timeout is not None else None)
    return process.returncode is not None


@contextlib.contextmanager
def _watch(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """A file that can be read when a program has ended, where the system has such files (Linux): else it is asked."""
    handle = None
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            handle = os.pidfd_open(process.pid)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _say(pipe: int, data: memoryview) -> memoryview:
    """Write as much as a pipe takes; what remains is nothing when nobody listens any more."""
    try:
        return data[os.write(pipe, data[:CHUNK]) :]
    except BlockingIOError:
        return data
    except OSError:
        return memoryview(b"")


def end_orphans(directory: Path) -> None:
    """End the programs that were given a private directory by a process that was killed: nobody waits for them.

    They are known by their environment, which names it (as `vbmake.rules.environment` has it).
    """
    mark = os.fsencode(directory.absolute()) + os.fsencode(os.sep)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if mark in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)


def process_mark(pid: int) -> str | None:
    """`pid-start`, which names a process for ever (pids come again, starting times do not); None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return f"{pid}-{stat.rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)  # no /proc (macOS): the pid alone has to do
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return f"{pid}-0"


def is_gone(mark: str) -> bool:
    """Whether the process that `process_mark` named so has ended; False for what is no such name."""
    pid = mark.partition("-")[0]
    return pid.isdigit() and process_mark(int(pid)) != mark
