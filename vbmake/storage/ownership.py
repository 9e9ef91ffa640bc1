"""Whose a file is: names that tell the process, and the machine, that works with it, and whether that is gone."""

from __future__ import annotations

import functools
import os
import re
import socket

from vbmake.process import is_gone, process_mark


def own_prefix(start: str) -> str:
    """How the names of this process's files begin, after `start`."""
    return f"{start}{process_mark(os.getpid())}@{_host()}~"


def is_left_over(name: str, start: str) -> bool:
    """Whether a file of such a name belongs to a process of this machine that is gone."""
    owner, told, _ = name.removeprefix(start).partition("~")
    mark, _, host = owner.partition("@")
    return bool(told) and host == _host() and is_gone(mark)


@functools.cache
def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())
