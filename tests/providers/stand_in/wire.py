"""Requests and answers as they are on the wire: read whole, and sent well or badly."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.stand_in.media import TYPES


@dataclass
class Upload:
    """A file in a multipart form."""

    name: str
    content: bytes


@dataclass
class Recorded:
    """One request as it arrived. `status` is what was answered: 0 while nothing is, and when nothing ever was."""

    number: int
    service: str
    method: str
    path: str  # below the service's prefix
    query: Mapping[str, str]
    headers: Mapping[str, str]  # with small letters, and with the key
    body: bytes
    time: float
    host: str = ""
    route: str = ""
    phase: str = ""
    status: int = 0

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> tuple[dict[str, list[str]], dict[str, Upload]]:
        """The fields and the files of a multipart form (RFC 7578)."""
        kind, _, parameters = self.headers.get("content-type", "").partition(";")
        boundary = parameters.partition("boundary=")[2].split(";")[0].strip('" ')
        fields: dict[str, list[str]] = {}
        files: dict[str, Upload] = {}
        if kind.strip() != "multipart/form-data" or not boundary:
            return fields, files
        for part in (b"\r\n" + self.body).split(b"\r\n--" + boundary.encode())[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name, filename = _disposition(head.decode("utf-8", "replace"))
            if filename is None:
                fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
            else:
                files[name] = Upload(filename, content)
        return fields, files


def _disposition(head: str) -> tuple[str, str | None]:
    """The name and the file name that a part of a form says it has."""
    line = next((line for line in head.splitlines() if line.lower().startswith("content-disposition:")), "")
    said = {}
    for item in line.split(";")[1:]:
        key, _, value = item.strip().partition("=")
        said[key.lower()] = value.strip('"')
    return said.get("name", ""), said.get("filename")


@dataclass
class Answer:
    """What is said to a request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    type: str = "application/json"

    @classmethod
    def of_json(cls, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """JSON."""
        return cls(status, dict(headers or {}), json.dumps(content).encode())

    @classmethod
    def of_file(cls, content: bytes, extension: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The bytes of a medium, under its content type."""
        return cls(200, dict(headers or {}), content, TYPES[extension])

    def json(self) -> Any:
        """The body, read back."""
        return json.loads(self.body)

    def set_json(self, content: Any) -> None:
        """Another body."""
        self.body = json.dumps(content).encode()


class Refused(Exception):
    """A request that is not taken: the service says so in its own form."""

    def __init__(self, status: int, message: str, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.field = field


def parts_of(target: str) -> tuple[str, dict[str, str]]:
    """The path and the query (the last of each name) of a request's target."""
    split = urlsplit(target)
    return split.path, {name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()}


def gone(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def wait(connection: socket.socket, seconds: float, over: Callable[[], bool]) -> bool:
    """Wait until `over`, or as long; False when the other side has gone meanwhile."""
    step = 0.005
    left = seconds
    while left > 0 and not over():
        readable, _, _ = select.select([connection], [], [], min(step, left))
        if readable and gone(connection):
            return False
        left -= step
        if readable:  # a client that talks on is waited for all the same
            select.select([], [], [], step)
    return True


def reset(connection: socket.socket) -> None:
    """Close with RST: SO_LINGER with no time, and past every `makefile` that holds the socket open."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        os.close(connection.detach())
