"""The mirror: files published under their human names, told by a manifest; only what changed is sent.

A sync goes through these steps, and begins anew whenever another sync was faster in writing the manifest:

    read      the manifest (one request; nothing else is asked when it says what we have)
    look      at the objects that some interrupted or running sync has marked, as nobody else can tell what they are
    mark      in the manifest, if it is still as it was read, what is about to be sent or deleted
    send      files side by side, large ones in parts; delete what is asked to be deleted
    settle    the manifest says what is there, if it is still as we marked it

A sync that is killed leaves its mark; the next one looks at the marked objects, and sends those that did not arrive.
Two syncs at once each find the other's mark, and the last one to settle has looked at all that both have marked.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from vbmake.cache.manifest import NAME, STALE, File, Manifest, read_manifest
from vbmake.errors import WorkspaceError
from vbmake.parallel import side_by_side
from vbmake.storage.content_types import content_type
from vbmake.storage.protocol import ContentChanged, Storage, StorageError

AT_ONCE = 8  # files on their way at once
ATTEMPTS = 20  # times that a sync begins anew because another was faster: each time, that one got further
REFUSED = 3  # times that one version of the manifest can be found again after it could not be replaced


class View(Protocol):
    """Who watches a sync. Called from several threads."""

    def begin(self, files: int, size: int) -> None: ...
    def sent(self, size: int) -> None: ...
    def done(self, name: str, size: int) -> None: ...


class Unseen:
    """Nobody watches."""

    def begin(self, files: int, size: int) -> None: ...
    def sent(self, size: int) -> None: ...
    def done(self, name: str, size: int) -> None: ...


@dataclass(frozen=True)
class Writer:
    """Who syncs, among all that may: a name for ever. `dead` tells of another's name that its process is gone."""

    name: str
    dead: Callable[[str], bool] = lambda _: False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass
class Synced:
    """What a sync did (or would do): names sent and deleted with their sizes.

    `old` are there, and no longer made. `foreign` were to be deleted, and have bytes that no sync has sent.
    `unguarded`: the store takes no conditional writes, so that another sync at the same time would go unnoticed.
    """

    sent: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    old: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    files: int = 0
    unguarded: bool = False


@dataclass(frozen=True)
class _Look:
    """How the mirror compares with what we have."""

    wanted: Mapping[str, File]
    send: tuple[str, ...]
    adopt: tuple[str, ...]  # there already, and the manifest does not say so
    old: tuple[str, ...]
    dead: tuple[str, ...]  # writers whose marks we can settle


class _Stopped(Exception):
    """Another transfer failed, or the sync was interrupted."""


def sync(
    storage: Storage,
    files: Mapping[str, Path],
    digest: Callable[[Path], str],
    *,
    writer: Writer,
    delete: bool = False,
    dry_run: bool = False,
    check: bool = False,
    view: View | None = None,
) -> Synced:
    """Make the mirror hold these files under these names, and tell so in its manifest.

    `digest` gives the sha256 of a file, from memory where it is known. Only with `delete` are files removed, and only
    such as the manifest lists and a sync has sent. With `dry_run` nothing is written. With `check` every file there is
    looked at, for what others than a sync have done. Raises StorageError when the place cannot be used, or when other
    syncs never end; WorkspaceError when a file is missing or does not rest. What was sent until then is not sent again.
    """
    result = Synced(files=len(files))
    refused: Counter[str | None] = Counter()
    for _ in range(ATTEMPTS):
        found = storage.read_version(NAME)
        version = found[1] if found else None
        if refused[version] >= REFUSED:
            message = (
                "cannot be replaced, although nobody else has written it; does this store take conditional writes?"
            )
            raise StorageError(f"{storage.url}: {NAME} {message}")
        manifest = read_manifest(found[0] if found else None)
        look = _look(storage, manifest, files, digest, writer, check)
        doomed: tuple[str, ...] = ()
        if delete:
            doomed, result.foreign = _ours(storage, manifest, look.old)
        result.old = [] if delete else list(look.old)
        if dry_run:
            result.sent = {name: look.wanted[name].size for name in look.send}
            result.deleted = {name: manifest.files[name].size for name in doomed}
            return result
        if not (look.send or look.adopt or doomed or result.foreign or look.dead):
            return result
        if look.send or doomed:
            manifest = manifest.with_mark(writer.name, writer.clock(), [*look.send, *doomed])
            if not storage.write_version(NAME, manifest.dump(), version, content_type="application/json"):
                refused[version] += 1
                continue
            marked = storage.read_version(NAME)
            if marked is None or marked[0] != manifest.dump():
                continue
            version = marked[1]
        present = {name: look.wanted[name] for name in [*look.send, *look.adopt]}
        present |= _send(storage, {name: files[name] for name in look.send}, look.wanted, digest, view or Unseen())
        result.sent.update((name, present[name].size) for name in look.send)
        for name in doomed:
            storage.delete(name)
            result.deleted[name] = manifest.files[name].size
        own = [writer.name] if writer.name in manifest.marks else []
        whole = {**look.wanted, **present}
        settled = manifest.settled(whole, [*doomed, *result.foreign], {*look.dead, *own})
        if storage.write_version(NAME, settled.dump(), version, content_type="application/json"):
            result.unguarded = not storage.conditional
            return result
        refused[version] += 1
    raise StorageError(f"{storage.url}: other syncs were faster {ATTEMPTS} times; sync again when they are done")


def _look(
    storage: Storage,
    manifest: Manifest,
    files: Mapping[str, Path],
    digest: Callable[[Path], str],
    writer: Writer,
    check: bool,
) -> _Look:
    wanted = {name: _file(path, digest) for name, path in files.items()}
    marked = manifest.marked()
    doubtful = [name for name in wanted if check or name in marked or not manifest.sure]
    there = dict(zip(doubtful, side_by_side(storage.digest, doubtful, AT_ONCE, "sync-look"), strict=True))
    send, adopt = [], []
    for name, file in wanted.items():
        listed = manifest.files.get(name) == file
        if name not in there:
            if not listed:
                send.append(name)
        elif there[name] != file.sha256:
            send.append(name)
        elif not listed:
            adopt.append(name)
    old = tuple(sorted(name for name in manifest.files if name not in wanted))
    now = writer.clock()
    dead = (
        name
        for name, mark in manifest.marks.items()
        if name == writer.name or now - mark.time > STALE or writer.dead(name)
    )
    return _Look(wanted, tuple(send), tuple(adopt), old, tuple(dead))


def _ours(storage: Storage, manifest: Manifest, names: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Of files that the manifest lists: those that may be deleted, and those that somebody else has put there."""
    ours, foreign = [], []
    for name in names:
        listed, there = manifest.files[name].sha256, storage.digest(name)
        if listed in ("", there) or (there is None and storage.stat(name) is None):
            ours.append(name)
        else:
            foreign.append(name)
    return tuple(ours), foreign


def _file(path: Path, digest: Callable[[Path], str]) -> File:
    try:
        return File(digest(path), path.stat().st_size)
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read: {error.strerror or error}") from None


def _send(
    storage: Storage,
    files: Mapping[str, Path],
    wanted: Mapping[str, File],
    digest: Callable[[Path], str],
    view: View,
) -> dict[str, File]:
    """Send files side by side; what was sent, by name. The first failure ends all."""
    stop = threading.Event()

    def sent(size: int) -> None:
        if stop.is_set():
            raise _Stopped
        view.sent(size)

    def send(name: str) -> File:
        file = wanted[name]
        for _ in range(3):
            sent(0)
            try:
                kind = content_type(name)
                storage.publish(name, files[name], content_type=kind, sha256=file.sha256, sent=sent)
            except ContentChanged:
                file = _file(files[name], digest)
                continue
            except OSError as error:
                raise WorkspaceError(f"{files[name]} cannot be read: {error.strerror or error}") from None
            view.done(name, file.size)
            return file
        raise WorkspaceError(f"{files[name]} changes while it is sent; sync again when the build is done")

    if not files:
        return {}
    view.begin(len(files), sum(wanted[name].size for name in files))
    order = sorted(files, key=lambda name: -wanted[name].size)  # the longest way first
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync-send") as pool:
        futures = {name: pool.submit(send, name) for name in order}
        try:
            wait(futures.values(), return_when=FIRST_EXCEPTION)
            _tell(futures.values())
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {name: future.result() for name, future in futures.items()}


def _tell(futures: Iterable[Future[File]]) -> None:
    """Raise the first failure among those that have ended."""
    for future in futures:
        if future.done():
            future.result()
