"""From an address as people write it to the storage there: `s3://bucket/prefix`, or a directory."""

from __future__ import annotations

import re
from pathlib import Path

from vbmake.errors import WorkspaceError
from vbmake.redact import redacted
from vbmake.storage.local import LocalStorage
from vbmake.storage.protocol import Storage

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; other stores also know capitals and _.
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]"
ENDPOINT = r"https?://[A-Za-z0-9.\[\]:-]+(/[^?#\s]*)?"
REGION = r"[a-z0-9-]{1,40}"


def is_directory(address: str) -> bool:
    """Whether an address may be meant as a directory's: no other kind of address, and none that is mistyped."""
    return bool(address) and "://" not in address and not re.match(r"s3:|https?:", address, re.IGNORECASE)


def storage_at(address: str, attempts: int = 4, notes: Path | None = None) -> Storage:
    """The storage at an address; nothing is looked up yet. Raises WorkspaceError for an address of another kind.

    An S3 address may end in `?endpoint=http://host:port&region=...`, for stores that are not Amazon's.
    A request that gets no answer is tried `attempts` times. `notes`: see S3Storage.
    """
    if address.startswith("s3://"):
        from vbmake.storage.s3 import S3Storage

        try:
            return S3Storage(address, attempts=attempts, notes=notes)
        except ValueError as error:
            raise WorkspaceError(str(error)) from None
    if not is_directory(address):
        raise WorkspaceError(f"found {redacted(address)!r}, allowed are s3://bucket/prefix and a directory")
    return LocalStorage(Path(address).expanduser().absolute())
