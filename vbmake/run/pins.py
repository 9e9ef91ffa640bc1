"""`vbmake.lock`: which bytes each generated asset has, for every machine that builds this project. It is committed.

A provider never makes the same picture twice. So what it made once is pinned by its digests under the job's key: a
checkout takes those bytes from a cache, and no key of a provider is needed. It also holds the takes that `doit reroll`
asked for. Only assets of providers are pinned: what is made on this machine follows from the declaration.

A build writes it now and then, and at its end. What a kill keeps from being written is recorded in the tags, from which
the next build pins it.

The file is JSON, sorted, one asset after the other, so that it merges line by line:

    {"vbmake": 1, "assets": {KEY: {"job", "service", "model", "prompt", "take", "outputs", "measures", ...}},
     "takes": {KEY OF THE FIRST TAKE: number}}
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from vbmake.cache.actions import Entry, is_digest
from vbmake.disk import explained
from vbmake.errors import Place, Problem, ProjectError, WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.run.publish import replacing

FILE: Final = "vbmake.lock"
FORMAT: Final = 1
PAUSE: Final = 1.0  # seconds at least between two writes while assets are made
SHARE: Final = 10  # and so many times as long as a write takes: a film may have thousands of assets


class Pins:
    """The lock file of one project. Thread-safe; written as a whole, by renaming."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ProjectError when the file cannot be understood."""
        self.path = root / FILE
        self._clock = clock
        self._next = clock()  # when what is pinned may be written again
        self._unwritten = False
        self._lock = threading.Lock()
        self._assets: dict[str, dict[str, Any]] = {}
        self._takes: dict[str, int] = {}
        self._text = ""
        self._load()

    def entry(self, key: str, material: Mapping[str, Any]) -> Entry | None:
        """What is pinned under a key, as an entry of a cache, or None."""
        asset = self._assets.get(key)
        if asset is None:
            return None
        return Entry(key, asset["outputs"], asset["measures"], material, asset["seconds"], asset["when"])

    def take(self, key: str) -> int | None:
        """The take that was asked for in place of the declared one, by the key of that; None: the declared one."""
        return self._takes.get(key)

    def choose(self, key: str, take: int | None) -> None:
        """Ask for another take of what has this key as declared; None goes back to the declared one."""
        with self._lock:
            if take is None:
                self._takes.pop(key, None)
            else:
                self._takes[key] = take
            self._write()

    def put(self, job: JobSpec, entry: Entry, take: int) -> None:
        """Pin what a job made. It is on the disk when `flush` returns, or before."""
        asset = _asset(job, entry, take)
        with self._lock:
            if self._assets.get(entry.key) == asset:
                return
            self._assets[entry.key] = asset
            self._unwritten = True
            if self._clock() >= self._next:
                self._write()

    def flush(self) -> None:
        """Write what is not written yet. Raises WorkspaceError."""
        with self._lock:
            if self._unwritten:
                self._write()

    def close(self) -> None:
        """Write what is not written yet, as far as that can be done: the tags know it, too."""
        with contextlib.suppress(WorkspaceError):
            self.flush()
        self._unwritten = False  # another workspace may write from now on

    def refresh(self) -> bool:
        """Read the file again if it says something else now. Tells whether it did. Raises ProjectError."""
        with self._lock:
            before = self._text
            self._assets, self._takes, self._text = {}, {}, ""
            self._unwritten = False
            self._load()
            return self._text != before

    def keep(self, keys: Iterable[str], declared: Iterable[str]) -> None:
        """Drop the assets of other keys, and the takes of what is no longer declared (by its key as declared)."""
        wanted, known = set(keys), set(declared)
        with self._lock:
            self._assets = {key: asset for key, asset in self._assets.items() if key in wanted}
            self._takes = {key: take for key, take in self._takes.items() if key in known}
            self._write()

    def _load(self) -> None:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise _wrong(f"it cannot be read: {error}") from None
        try:
            found = json.loads(text)
            if found["vbmake"] != FORMAT:
                raise _wrong(f"it was written by another version of vbmake (format {found['vbmake']})")
            self._assets = {key: asset for key, asset in found["assets"].items() if _check(key, asset)}
            self._takes = {key: int(take) for key, take in found["takes"].items() if is_digest(key)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _wrong("it is not whole: perhaps two branches were merged in it") from None
        self._text = text

    def _write(self) -> None:
        """Write the file if it says something else now; a project without generated assets has none."""
        began = self._clock()
        self._unwritten = True
        self._write_whole()
        self._unwritten = False
        ended = self._clock()
        self._next = ended + max(PAUSE, SHARE * (ended - began))

    def _write_whole(self) -> None:
        content = {"vbmake": FORMAT, "assets": self._assets, "takes": self._takes}
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if text == self._text or (not self._text and not self._assets and not self._takes):
            return
        with explained("write", self.path), replacing(self.path, durable=True) as stream:
            stream.write(text.encode())
        self._text = text


def _asset(job: JobSpec, entry: Entry, take: int) -> dict[str, Any]:
    options = job.options
    outputs = {role: {"sha256": output["sha256"], "size": output["size"]} for role, output in entry.outputs.items()}
    told = {name: options[name] for name in ("service", "model", "seed", "voice", "options") if name in options}
    return {
        "job": job.id,
        **told,
        "prompt": " ".join(str(options.get("prompt", "")).split())[:200],
        "take": take,
        "outputs": outputs,
        "measures": {role: dict(measure) for role, measure in entry.measures.items()},
        "seconds": entry.seconds,
        "when": entry.when,
    }


def _check(key: str, asset: Any) -> bool:
    """Whether an asset is whole. Raises ValueError when it is not."""
    outputs = asset["outputs"]
    whole = (
        is_digest(key)
        and bool(outputs)
        and all(is_digest(output["sha256"]) and int(output["size"]) > 0 for output in outputs.values())
        and isinstance(asset["measures"], dict)
        and isinstance(asset["seconds"], int | float)
        and isinstance(asset["when"], str)
    )
    if not whole:
        raise ValueError(key)
    return True


def _wrong(message: str) -> ProjectError:
    hint = "take one side of the merge, or bring the file back from version control; without it, builds may pay again"
    return ProjectError([Problem(Place(FILE), message, hint=hint)])
