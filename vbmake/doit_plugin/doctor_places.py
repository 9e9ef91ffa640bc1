"""The part of `vbmake doctor` that looks at caches, mirrors and services: seconds at most, whatever does not answer."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbmake.doit_plugin.amounts import told_bytes
from vbmake.doit_plugin.finding import Finding
from vbmake.errors import ProjectError, VbmakeError, WorkspaceError

if TYPE_CHECKING:
    from vbmake.cache.actions import Entry
    from vbmake.cache.contents import ContentStore
    from vbmake.project.models import Project
    from vbmake.storage.protocol import Storage

PATIENCE = (
    20.0  # seconds for each place: a name server, a connection and a few requests take no longer when all is well
)
LOW = 1_000_000_000  # bytes: a film and its parts may not fit any more
SAMPLE = 200  # entries of the local cache that are read
SHARED = "shared cache"
PROBE = ".vbmake-doctor"  # an empty object that is written and deleted again
CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role that may use "
    "the bucket"
)


def places(root: Path, patience: float = PATIENCE) -> Iterator[Finding]:
    """The local cache, the shared one, where films are published, the services."""
    from vbmake.cache.settings import is_pull_request, settings

    project, mistakes = _project(root)
    if mistakes is not None:
        yield mistakes
    try:
        chosen = settings(project.cache if project is not None else None)
    except WorkspaceError as error:
        yield Finding("amiss", "caches", str(error), "correct the variable; every build refuses it")
    else:
        yield local_cache(chosen.directory)
        if chosen.remote:
            yield place(SHARED, chosen.remote, write=chosen.mode == "write", patience=patience)
        else:
            said = "off" if chosen.mode == "off" else "none; `cache: {remote: s3://bucket/prefix}` or VBMAKE_CACHE"
            yield Finding("ok", SHARED, said)
    sync = project.sync if project is not None else None
    if sync is not None:
        # (A pull request publishes nothing, so nothing need be tried where people fetch films.)
        yield place("sync", sync.address, write=not is_pull_request(os.environ), patience=patience)
    yield services(os.environ)


def _project(root: Path) -> tuple[Project | None, Finding | None]:
    if not (root / "video.yaml").is_file():
        return None, None
    from vbmake.project.load import load_project

    try:
        return load_project(root), None
    except ProjectError as error:
        first = str(error).splitlines()[0]
        return None, Finding("amiss", "video.yaml", first, "`vbmake plan` tells every mistake")
    except VbmakeError as error:
        return None, Finding("amiss", "video.yaml", str(error), "`vbmake plan` tells more")


def local_cache(directory: Path | None) -> Finding:
    """Whether the local cache can be written to, has room, and holds what its entries say."""
    subject = "local cache"
    if directory is None:
        return Finding("ok", subject, "off: VBMAKE_CACHE_DIR")
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        mend = "make it a directory that this user may write, or name another in VBMAKE_CACHE_DIR"
        return Finding("amiss", subject, f"{directory} cannot be written", mend)
    from vbmake.cache.gc import collect

    free = shutil.disk_usage(there).free
    kept = collect(directory, dry_run=True)
    text = f"{directory}: {kept.kept} objects, {told_bytes(kept.kept_bytes)}; {told_bytes(free)} free"
    bad, looked = _damaged(directory)
    if bad:
        mend = f"they are left alone and made anew; `vbmake gc --size 0` empties the cache ({bad[0]} is one)"
        return Finding("amiss", subject, f"{text}; {len(bad)} of {looked} entries are damaged", mend)
    if free < LOW:
        return Finding("amiss", subject, text, "`vbmake gc --size 1GB` makes room, or name another VBMAKE_CACHE_DIR")
    return Finding("ok", subject, text)


def _damaged(directory: Path) -> tuple[list[str], int]:
    """The keys of unusable entries (not whole, or with bytes of another size), among those that were looked at."""
    from vbmake.cache.actions import read_entry
    from vbmake.cache.contents import ContentStore
    from vbmake.storage.packed import PackedStorage

    bad: list[str] = []
    looked = 0
    with contextlib.closing(PackedStorage(directory)) as storage:
        contents = ContentStore(storage)
        for name in islice(storage.list("v1/ac/"), SAMPLE):
            looked += 1
            key = name.rpartition("/")[2].removesuffix(".json")
            data = storage.read(name)
            entry = read_entry(key, data) if data is not None else None
            if entry is None or _cut(contents, entry):
                bad.append(key)
    return bad, looked


def _cut(contents: ContentStore, entry: Entry) -> bool:
    """Whether a blob of an entry has another size than it says. One that was trimmed away is a plain miss."""
    sizes = [(str(output["sha256"]), int(output["size"])) for output in entry.outputs.values()]
    return any(contents.storage.stat(contents.name(sha256)) not in (size, None) for sha256, size in sizes)


def place(subject: str, address: str, *, write: bool, patience: float = PATIENCE) -> Finding:
    """Whether a bucket or directory can be read, and with `write` written to, found out within `patience` seconds."""
    from vbmake.storage.address import storage_at

    try:
        storage = storage_at(address, attempts=1)
    except WorkspaceError as error:
        return Finding("amiss", subject, str(error), "correct the address")

    def look() -> Finding:
        return _bucket(subject, storage) or _tried(subject, storage, write)

    found = _within(patience, look)
    if found is not None:
        return found
    mend = "see that the endpoint is right and that this machine may connect to it (proxy, firewall, VPN)"
    return Finding("amiss", subject, f"{storage.url} did not answer within {patience:g} s", mend)


def _within(seconds: float, look: Callable[[], Finding]) -> Finding | None:
    """What `look` finds, or None after so long: it goes on in a thread that keeps nobody waiting."""
    answers: list[Finding | Exception] = []

    def work() -> None:
        try:
            answers.append(look())
        except Exception as error:  # raised again where it is waited for
            answers.append(error)

    thread = threading.Thread(target=work, name="doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    answer = answers[0] if answers else None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _bucket(subject: str, storage: Storage) -> Finding | None:
    """What keeps a bucket from being used at all; None when it is there, and for a directory."""
    from vbmake.storage.client import endpoint_in_use
    from vbmake.storage.s3 import S3Storage

    if not isinstance(storage, S3Storage):
        return None
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
    except ImportError as error:
        return Finding("amiss", subject, f"boto3 cannot be imported: {error}", "pip install boto3")
    try:
        if boto3.session.Session().get_credentials() is None:
            return Finding("amiss", subject, f"{storage.url}: no AWS credentials are found", CREDENTIALS)
        storage.client.head_bucket(Bucket=storage.bucket)
    except ClientError as error:
        return _refused(subject, storage, error.response)
    except ProfileNotFound as error:
        return Finding("amiss", subject, f"{storage.url}: {error}", CREDENTIALS)
    except (BotoCoreError, VbmakeError) as error:
        where = endpoint_in_use(storage.endpoint) or "Amazon's S3"
        mend = f"see that {where} can be reached from here, and is the right endpoint"
        return Finding("amiss", subject, f"{storage.url}: {error}", mend)
    return None


def _refused(subject: str, storage: Any, answer: Mapping[str, Any]) -> Finding | None:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == 404:
        mend = f"make it (`aws s3 mb s3://{storage.bucket}`), or correct its name"
        return Finding("amiss", subject, f"{storage.url}: there is no bucket {storage.bucket}", mend)
    if status in (301, 307, 400):
        region = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region")
        mend = f"say `region: {region}`" if region else "say its `region`, or AWS_REGION"
        return Finding("amiss", subject, f"{storage.url}: the bucket is in another region", mend)
    return None  # it may not be listed: reading and writing will show what may be done


def _tried(subject: str, storage: Storage, write: bool) -> Finding:
    """Read, and with `write` write, write again (which must be refused) and delete an empty object."""
    try:
        storage.read(PROBE)
    except VbmakeError as error:
        return Finding("amiss", subject, str(error), _mend(error, "s3:GetObject and s3:ListBucket"))
    if not write:
        return Finding("ok", subject, f"{storage.url} can be read (it is not to be written to from here)")
    try:
        storage.write(PROBE, b"")
        first = not storage.write_new(PROBE, b"")
    except VbmakeError as error:
        instead = ", or say `mode: read`" if subject == SHARED else ""
        return Finding("amiss", subject, str(error), _mend(error, "s3:PutObject") + instead)
    left = ""
    try:
        storage.delete(PROBE)
    except VbmakeError:  # what builds and syncs do without
        left = f", not deleted from: an empty object {PROBE} stays there, and `sync --delete` would fail"
    if not first:
        mend = "two machines that write at once may undo each other; use a store that knows If-None-Match"
        return Finding("amiss", subject, f"{storage.url} ignores the conditions of conditional writes", mend)
    if not storage.conditional:
        left += " (it takes no conditional writes: no two syncs should go there at once)"
    return Finding("ok", subject, f"{storage.url} can be read and written{left}")


def _mend(error: VbmakeError, permission: str) -> str:
    """What to do about a request that failed, by what was answered."""
    answer = getattr(error.__cause__, "response", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status in (401, 403):
        return f"allow these credentials {permission} there"
    if status >= 500:
        return "the store itself is in trouble: try again, or ask who runs it"
    return "see that it is the right place, and that this machine may use it"


def services(environment: Mapping[str, str]) -> Finding:
    """Which keys of services that generate assets are set. Only told: films without such assets need none."""
    from vbmake.services import SERVICES

    keys = [service.key for service in SERVICES.values() if service.key]
    there = [key for key in keys if environment.get(key)]
    lacking = [key for key in keys if key not in there]
    parts = [f"set: {', '.join(there)}" if there else "", f"not set: {', '.join(lacking)}" if lacking else ""]
    moved = [one.address for one in SERVICES.values() if one.address and environment.get(one.address)]
    parts.append(f"other addresses by {', '.join(moved)}" if moved else "")
    return Finding("ok", "keys", "; ".join(filter(None, parts)))
