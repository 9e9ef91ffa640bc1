"""Uploads beside the build: a few at once, dropped by an interrupt as far as they have not begun."""

from __future__ import annotations

import threading

from vbmake.cache.uploads import Uploads


class Line:
    """A slow line: what is sent is told, and arrives when it is let through."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.through = threading.Event()
        self.arrived: list[int] = []

    def send(self, number: int) -> None:
        self.begun.release()
        assert self.through.wait(30)
        self.arrived.append(number)

    def await_begun(self, count: int) -> None:
        for _ in range(count):
            assert self.begun.acquire(timeout=30)


def test_only_a_few_go_at_once_and_all_arrive() -> None:
    line, uploads = Line(), Uploads(2)
    for number in range(5):
        uploads.submit(line.send, number)
    line.await_begun(2)
    assert uploads.under_way == 2
    assert not line.begun.acquire(blocking=False)
    line.through.set()
    uploads.wait()
    assert sorted(line.arrived) == [0, 1, 2, 3, 4]
    assert uploads.under_way == 0


def test_what_has_not_begun_is_dropped_and_what_has_arrives() -> None:
    line, uploads = Line(), Uploads(2)
    for number in range(5):
        uploads.submit(line.send, number)
    line.await_begun(2)
    uploads.drop()
    line.through.set()
    uploads.wait()
    assert sorted(line.arrived) == [0, 1]
    uploads.submit(line.send, 7)
    uploads.wait()
    assert sorted(line.arrived) == [0, 1, 7], "it goes on to serve"


def test_a_fault_in_one_upload_does_not_keep_the_others_back() -> None:
    line, uploads = Line(), Uploads(1)
    line.through.set()

    def fault() -> None:
        raise ZeroDivisionError

    uploads.submit(fault)
    uploads.submit(line.send, 1)
    uploads.wait()
    assert line.arrived == [1]


def test_no_thread_of_it_keeps_the_program_from_ending() -> None:
    uploads = Uploads(1)
    threads: list[threading.Thread] = []
    uploads.submit(lambda: threads.append(threading.current_thread()))
    uploads.wait()
    assert [thread.daemon for thread in threads] == [True]


def test_what_is_abandoned_is_not_waited_for() -> None:
    line, uploads = Line(), Uploads(1)
    uploads.submit(line.send, 0)
    line.await_begun(1)
    uploads.abandon()
    uploads.wait()
    assert line.arrived == []
    line.through.set()
