"""What the engine keeps of a request on the disk until the build has recorded it: the answer, and the files.

answer        the body, as it came (without the account's key, should it be in there)
answer.json   status, headers and the body's digest; written last, so an answer without it never came
0.png ...     the files of the result
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from vbmake.errors import WorkspaceError
from vbmake.providers.journal import sync_directory
from vbmake.providers.types import Response

ROOM: Final = 64 * 2**20  # bytes that must be free before anything is paid that could then not be written down


class Kept:
    """The directory of one key. What cannot be written raises OSError."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def begin(self) -> None:
        """An empty directory for a new request. Raises WorkspaceError when the disk has no room for what may come."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.directory).free
        if free < ROOM:
            raise WorkspaceError(
                f"only {free // 2**20} MB are free on the disk of {self.directory}, and what is paid for must be kept: "
                "nothing was asked; free some space and build again"
            )
        sync_directory(self.directory.parent)

    def drop(self) -> None:
        """Forget all of it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def put_answer(self, response: Response, scrub: Callable[[str], str], secrets: Iterable[str]) -> None:
        """Have an answer on the disk, before anything is made of it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        content = response.content
        for secret in secrets:
            content = content.replace(secret.encode(), b"[key]")
        headers = {name: scrub(value) for name, value in response.headers.items() if name != "set-cookie"}
        head = {"status": response.status, "headers": headers, "sha256": hashlib.sha256(content).hexdigest()}
        with contextlib.suppress(FileNotFoundError):
            (self.directory / "answer.json").unlink()  # of an earlier answer: it must not vouch for this body
        self.write("answer", content)
        self.write("answer.json", json.dumps(head).encode())

    def answer(self) -> Response | None:
        """The answer that was kept; None when there is none, or it is damaged."""
        try:
            head = json.loads((self.directory / "answer.json").read_bytes())
            content = (self.directory / "answer").read_bytes()
            if hashlib.sha256(content).hexdigest() != head["sha256"]:
                return None
            return Response(int(head["status"]), {str(k): str(v) for k, v in head["headers"].items()}, content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def path(self, number: int, extension: str) -> Path:
        """Where a file of the result is kept."""
        return self.directory / f"{number}{f'.{extension}' if extension.isalnum() else ''}"

    def write(self, name: str, content: bytes) -> None:
        """A file, whole or not at all, and on the disk."""
        temporary = self.directory / f".{name}.part"
        try:
            with open(temporary, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.directory / name)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_directory(self.directory)

    def facts(self, path: Path) -> dict[str, Any]:
        """What the journal says of a file, to know it again: name, size, digest."""
        with open(path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"name": path.name, "size": path.stat().st_size, "sha256": digest}

    def files(self, told: Iterable[Mapping[str, Any]]) -> tuple[Path, ...] | None:
        """The files that the journal tells of; None when one of them is gone or another now."""
        found = []
        for facts in told:
            path = self.directory / Path(str(facts.get("name", ""))).name
            try:
                if self.facts(path) != dict(facts):
                    return None
            except OSError:
                return None
            found.append(path)
        return tuple(found)
