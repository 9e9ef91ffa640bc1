"""Large objects in parts, several at once; what a killed process has sent of one is found, and not sent again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from vbmake.storage import unfinished
from vbmake.storage.protocol import ContentChanged, Sent, StorageError

PART = 16 << 20  # bytes of a part
AT_ONCE = 4  # parts of one object on their way at once
Fields = dict[str, Any]
_in_memory = threading.BoundedSemaphore(8)  # parts, of all objects together


def is_large(path: Path) -> bool:
    """Whether a file is sent in parts."""
    return path.stat().st_size > PART


class Multipart:
    """Uploads in parts to a bucket. Thread-safe.

    In the folder `notes` it is noted which are under way (see `unfinished`). One that ended without an answer (a kill,
    an interrupt, a network that failed) is gone on with when the same is sent to the same key again, from the parts
    that the store has; unless it is, it is ended when something is sent in parts a day later.
    """

    def __init__(self, client: Callable[[], Any], bucket: str, place: Callable[[], str], notes: Path | None) -> None:
        """`place` tells the bucket from others of its name."""
        self._client = client
        self._bucket = bucket
        self._place = place
        self._notes = notes
        self._lock = threading.Lock()
        self._left: dict[str, unfinished.Note] | None = None  # by key; None until they were looked for

    def send(
        self,
        path: Path,
        key: str,
        kind: Fields,
        condition: Fields,
        sent: Sent = lambda _: None,
        sha256: str = "",
    ) -> None:
        """Send a file; with `sha256`, it becomes an object only if those were its bytes (else ContentChanged).

        `kind` and `condition` are arguments of the library's requests. Raises what the library raises.
        """
        from botocore.exceptions import ClientError

        where = {"Bucket": self._bucket, "Key": key}
        note, there = self._gone_on_with(key, kind)
        if note is None:
            note = unfinished.begin(self._notes, self._place(), key, kind, PART)
            note.name(self._client().create_multipart_upload(**where, **kind)["UploadId"])
        upload = {**where, "UploadId": note.upload}
        try:
            with open(path, "rb") as stream:
                parts = self._parts(stream, upload, sent, there)
                if sha256 and hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                    raise ContentChanged(f"{path} was written while it was sent")
            self._client().complete_multipart_upload(**upload, **condition, MultipartUpload={"Parts": parts})
        except BaseException as error:
            if note.path is None or isinstance(error, ClientError | ContentChanged):
                with contextlib.suppress(Exception):  # the first failure is the one to tell
                    self._client().abort_multipart_upload(**upload)
                    note.remove()
            raise
        note.remove()

    def _gone_on_with(self, key: str, kind: Fields) -> tuple[unfinished.Note | None, dict[int, str]]:
        """The note of an upload that was begun for the same, now this process's, and the tags of the parts there."""
        with self._lock:
            if self._left is None:
                self._left = self._clear_up()
            note = self._left.pop(key, None)
        if note is None:
            return None, {}
        if note.kind != kind or note.part != PART or not note.upload:
            self._end(note)
            return None, {}
        if not note.take_over():
            return None, {}  # another process was faster
        from botocore.exceptions import ClientError

        there: dict[int, str] = {}
        try:
            pages = self._client().get_paginator("list_parts")
            for page in pages.paginate(Bucket=self._bucket, Key=key, UploadId=note.upload):
                there |= {int(part["PartNumber"]): str(part["ETag"]) for part in page.get("Parts", [])}
        except ClientError:  # it has ended since, or the parts may not be listed
            self._end(note)
            return None, {}
        return note, there

    def _clear_up(self) -> dict[str, unfinished.Note]:
        """The uploads that killed processes have left, by key; those that nobody will go on with are ended.

        Where a store refuses, that is left to the rules of the bucket; where it does not answer, to the next process.
        """
        from botocore.exceptions import BotoCoreError

        left: dict[str, unfinished.Note] = {}
        for note in unfinished.left_over(self._notes, self._place()) if self._notes is not None else []:
            if note.upload and note.key not in left and not note.is_old():
                left[note.key] = note
                continue
            try:
                self._end(note)
            except (BotoCoreError, OSError, StorageError):
                break
        return left

    def _end(self, note: unfinished.Note) -> None:
        """End an upload, or all to its key that nobody has ended when its name was never heard."""
        from botocore.exceptions import ClientError

        try:
            for upload in [note.upload] if note.upload else self._uploads(note.key):
                self._client().abort_multipart_upload(Bucket=self._bucket, Key=note.key, UploadId=upload)
        except ClientError:
            pass  # it has ended since, or may not be ended from here
        note.remove()

    def _uploads(self, key: str) -> Iterator[str]:
        for upload in self._client().list_multipart_uploads(Bucket=self._bucket, Prefix=key).get("Uploads", []):
            if upload["Key"] == key:
                yield str(upload["UploadId"])

    def _parts(self, stream: IO[bytes], upload: Fields, sent: Sent, there: dict[int, str]) -> list[Fields]:
        """Send every part of an open file that is not there; all of them as S3 wants them named at the end.

        A part is there when its tag is its MD5, which holds unless the store encrypts with keys of its user's:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """

        def part(number: int) -> Fields:
            with _in_memory:
                piece = os.pread(stream.fileno(), PART, (number - 1) * PART)
                tag = there.get(number, "")
                if tag.strip('"') != hashlib.md5(piece, usedforsecurity=False).hexdigest():
                    tag = self._client().upload_part(**upload, PartNumber=number, Body=piece)["ETag"]
            sent(len(piece))
            return {"PartNumber": number, "ETag": tag}

        count = -(-os.fstat(stream.fileno()).st_size // PART)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-part") as pool:
            try:
                return list(pool.map(part, range(1, count + 1)))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
