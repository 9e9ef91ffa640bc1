"""The cache that a build sees: the local one in front of a remote one, neither of which can make a build fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vbmake.cache.actions import ActionCache, Entry
from vbmake.cache.contents import ContentStore
from vbmake.cache.gc import mark_used
from vbmake.cache.settings import CacheSettings, Mode
from vbmake.cache.uploads import Uploads
from vbmake.storage.address import storage_at
from vbmake.storage.local import LocalStorage
from vbmake.storage.packed import PackedStorage
from vbmake.storage.protocol import Data, Storage, StorageError, StorageRefusal

WRITING = "writing"
ATTEMPTS = 2  # a place that does not answer delays a build by 6 s, by 20 s when it listens and stays silent; once
UPLOADS = 4  # at once: enough to fill a line, few enough to leave the processor to the renderer


class Tier:
    """One storage as a cache. The first failure shuts it for the rest of the run, and is told in one line.

    One that merely refuses to be written to goes on being read.
    """

    def __init__(self, storage: Storage, warn: Callable[[str], None]) -> None:
        self.storage = storage
        self.actions = ActionCache(storage)
        self.contents = ContentStore(storage)
        self.damaged: set[str] = set()  # blobs found with other bytes than their name says
        self._warn = warn
        self._open = True
        self._writable = True
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        return self._open

    @property
    def writable(self) -> bool:
        """Whether it is worth while to write to it."""
        return self._open and self._writable

    def shut(self) -> None:
        """Leave the storage alone from here on, and tell nothing of what fails there."""
        with self._lock:
            self._open = False

    def guarded(self, doing: str) -> _Guard:
        """A block that a failure of the storage ends: it shuts the tier instead of failing the build."""
        return _Guard(self, doing)

    def fail(self, doing: str, error: StorageError | OSError) -> None:
        """Shut the tier for what is told in one line, unless it was shut for that before."""
        with self._lock:
            if not self._open or (doing == WRITING and not self._writable):
                return
            self._writable = False
            only_read = doing == WRITING and isinstance(error, StorageRefusal)
            self._open = only_read
        words = "only read" if only_read else f"left out ({doing})"
        self._warn(f"cache {self.storage.url} is {words} from here on: {error}")


class _Guard:
    """The block of `Tier.guarded`. (A generator would take five times as long, several times a job.)"""

    __slots__ = ("_doing", "_tier")

    def __init__(self, tier: Tier, doing: str) -> None:
        self._tier = tier
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, StorageError | OSError):
            return False
        self._tier.fail(self._doing, error)
        return True


class Cache:
    """Entries and blobs from the local tier, then the remote one. Every method is thread-safe.

    None raises for what fails in a cache; `materialise` does where its own file cannot be written.

    Blobs are written before the entry that names them. What comes from the remote tier is kept in the local one.
    Uploads, and the writes of small objects, run beside the build; `finish` waits for them.
    """

    def __init__(
        self,
        local: Storage | None,
        remote: Storage | None = None,
        mode: Mode = "write",
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.local = Tier(local, warn) if local is not None else None
        self.remote = Tier(remote, warn) if remote is not None and mode != "off" else None
        self.mode = mode
        self._misses: set[str] = set()
        self._fetched: dict[str, Entry] = {}  # entries of the remote tier: none is asked for twice
        self.pushed: set[str] = set()  # keys that the remote tier holds: sent by this run, or seen there
        self._uploads = Uploads(UPLOADS)
        self._lock = threading.Lock()

    @classmethod
    def of(
        cls,
        settings: CacheSettings,
        warn: Callable[[str], None] = lambda _: None,
        storage: Storage | None = None,
        notes: Path | None = None,
    ) -> Cache:
        """The cache that the settings describe; with `storage` as its remote tier, when that is given.

        `notes` is a folder of this machine's for notes of uploads under way (see S3Storage).
        """
        local = PackedStorage(settings.directory) if settings.directory is not None else None
        remote = storage or (storage_at(settings.remote, ATTEMPTS, notes) if settings.remote else None)
        return cls(local, remote, settings.mode, warn)

    @property
    def slow(self) -> bool:
        """Whether a look-up may go over the network, so that many are worth making side by side."""
        return self.remote is not None and self.remote.open

    @property
    def pushes_to(self) -> str | None:
        """The address of the remote tier, where this run may write to it and can; else None."""
        if self.remote is None or self.mode != "write" or not self.remote.writable:
            return None
        return self.remote.storage.address

    def lookup(self, key: str) -> Entry | None:
        """What a key made, or None. Costs at most one small request; a miss is not asked for twice."""
        if key in self._misses:
            return None
        if key in self._fetched:
            return self._fetched[key]
        for tier in self._tiers():
            entry: Entry | None = None
            with tier.guarded("looking up"):
                entry = tier.actions.get(key)
            if entry is not None:
                self._used(tier, tier.actions.name(key))
                if tier is self.remote:
                    self._fetched[key] = entry
                    self.pushed.add(key)
                    if self.local is not None and self.local.writable:
                        with self.local.guarded(WRITING):
                            self.local.actions.put(entry)
                return entry
        with self._lock:
            self._misses.add(key)
        return None

    def forget_misses(self) -> None:
        """Look again for what was not there: another build may have made it meanwhile."""
        with self._lock:
            self._misses.clear()

    def has(self, outputs: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the bytes of all these outputs can be had, wherever they are told of."""
        return all(self._holds(str(output["sha256"]), int(output["size"])) for output in outputs.values())

    def _holds(self, sha256: str, size: int) -> bool:
        for tier in self._tiers():
            with tier.guarded("looking up"):
                if tier.contents.has(sha256, size):
                    return True
        return False

    def keeps(self, key: str, outputs: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether a cache could give back what a key has made: the entry, and its bytes. Those here are read."""
        for tier in self._tiers():
            with tier.guarded("looking up"):
                entry = tier.actions.get(key)
                if entry is not None and all(
                    role in entry.outputs
                    and entry.outputs[role]["sha256"] == output["sha256"]
                    and tier.contents.has(str(output["sha256"]), int(output["size"]))
                    and (tier is self.remote or tier.contents.right(str(output["sha256"])))
                    for role, output in outputs.items()
                ):
                    return True
        return False

    def materialise(self, sha256: str, path: Path) -> bool:
        """Bring the bytes of that digest to a new file. False, and no file, when no tier has the right bytes.

        Raises WorkspaceError when the file cannot be written.
        """
        for tier in self._tiers():
            found = False
            with tier.guarded("fetching"):
                found = tier.contents.materialise(sha256, path)
                if not found and tier.contents.storage.stat(tier.contents.name(sha256)) is not None:
                    tier.damaged.add(sha256)
                    if tier is self.local:
                        tier.contents.drop(sha256)
            if found:
                self._used(tier, tier.contents.name(sha256))
                if tier is self.remote and self.local is not None and self.local.writable:
                    with self.local.guarded(WRITING):
                        self.local.contents.put(sha256, path)
                return True
            path.unlink(missing_ok=True)
        return False

    def reject(self, key: str) -> None:
        """Note that an entry cannot be used (its bytes are gone): it is a miss from now on, replaced when remade."""
        with self._lock:
            self._misses.add(key)
            self._fetched.pop(key, None)
            self.pushed.discard(key)
        if self.local is not None and self.local.writable:
            with self.local.guarded(WRITING):
                self.local.actions.drop(key)

    def store(self, entry: Entry, files: Mapping[str, Data]) -> None:
        """Keep what a job made: `files` by role are its outputs (or their bytes), whole and checked.

        Blobs first, then the entry that names them.
        """
        if self.local is not None and self.local.writable:
            with self.local.guarded(WRITING):
                self._write(self.local, entry, files)
        with self._lock:
            self._misses.discard(entry.key)
        if self.remote is None or self.mode != "write":
            return
        if self.local is None or not self.local.writable:
            self._upload(entry, files)  # without a local copy the files must be read before the caller moves them
            return
        blobs = {  # the caller moves its files away
            role: data if isinstance(data, bytes) else self.kept(str(entry.outputs[role]["sha256"]))
            for role, data in files.items()
        }
        self._later(self._upload, entry, {role: data for role, data in blobs.items() if data is not None})

    def kept(self, sha256: str) -> Data | None:
        """The bytes of that digest in the local tier, or the file that has, or would have, them; None without one."""
        if self.local is None or not isinstance(self.local.storage, LocalStorage):
            return None
        with self.local.guarded("looking up"):
            return self.local.storage.held(self.local.contents.name(sha256))
        return None

    def push(self, entry: Entry, files: Mapping[str, Data]) -> None:
        """Send an earlier result to the remote tier, unless it holds it; beside the build, as `store` does."""
        if self.pushes_to is not None:
            self._later(self._upload_missing, entry, files)

    def finish(self, cancel: bool = False) -> None:
        """Have everything kept that was stored; with `cancel`, but for uploads that have not begun (an interrupt)."""
        if cancel:
            self._uploads.drop()
        try:
            self._uploads.wait()
        finally:
            if self.local is not None and isinstance(self.local.storage, PackedStorage):
                with self.local.guarded(WRITING):
                    self.local.storage.close()

    def abandon(self) -> None:
        """Let `finish` wait for nothing: who interrupts a second time is not to be kept."""
        if self.remote is not None:
            self.remote.shut()
        self._uploads.abandon()

    @property
    def lost(self) -> str | None:
        """Where the remote tier is, when it failed in this run; else None."""
        return None if self.remote is None or self.remote.open else self.remote.storage.url

    @property
    def uploading(self) -> int:
        """How many uploads are under way."""
        return self._uploads.under_way

    def _tiers(self) -> list[Tier]:
        return [tier for tier in (self.local, self.remote) if tier is not None and tier.open]

    def _used(self, tier: Tier, name: str) -> None:
        if tier is self.local and isinstance(tier.storage, LocalStorage):
            mark_used(tier.storage.path(name))

    def _later(
        self, send: Callable[[Entry, Mapping[str, Data]], None], entry: Entry, files: Mapping[str, Data]
    ) -> None:
        self._uploads.submit(send, entry, files)

    def _upload(self, entry: Entry, files: Mapping[str, Data]) -> None:
        if self.remote is not None and self.remote.writable:
            with self.remote.guarded(WRITING):
                try:
                    self._write(self.remote, entry, files)
                except (StorageError, OSError):
                    if all(isinstance(data, bytes) or data.is_file() for data in files.values()):
                        raise
                    return  # what was to be sent was trimmed meanwhile: it stays owed, and the remote tier is well
                self.pushed.add(entry.key)

    def _upload_missing(self, entry: Entry, files: Mapping[str, Data]) -> None:
        """As `_upload`, with one small request where the entry is there: its blobs were there before it."""
        there = False
        if self.remote is not None and self.remote.writable:
            with self.remote.guarded("looking up"):
                there = self.remote.actions.get(entry.key) is not None
        if there:
            self.pushed.add(entry.key)
        else:
            self._upload(entry, files)

    def _write(self, tier: Tier, entry: Entry, files: Mapping[str, Data]) -> None:
        for role, output in entry.outputs.items():
            sha256 = str(output["sha256"])
            if sha256 in tier.damaged:
                tier.contents.replace(sha256, files[role])
                tier.damaged.discard(sha256)
            elif not tier.contents.put(sha256, files[role]) and tier is self.local and not tier.contents.right(sha256):
                # A power cut leaves files of the right size and other bytes, which a shared cache would be sent.
                tier.contents.replace(sha256, files[role])
        if tier.actions.put(entry):
            return
        standing = tier.actions.get(entry.key)
        if standing is not None and standing.outputs == entry.outputs:
            return
        # The first write wins, unless it names bytes that are gone.
        if standing is None or not all(
            tier.contents.has(str(output["sha256"]), int(output["size"])) for output in standing.outputs.values()
        ):
            tier.actions.drop(entry.key)
            tier.actions.put(entry)
