"""Named bytes in an S3 bucket, or in any store that speaks S3: conditional writes, short timeouts, one client."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any
from urllib.parse import parse_qs

from vbmake.disk import explained
from vbmake.errors import WorkspaceError
from vbmake.redact import redacted
from vbmake.storage.address import BUCKET, ENDPOINT, REGION
from vbmake.storage.client import SILENCE, BadAnswer, client, endpoint_in_use
from vbmake.storage.multipart import Fields, Multipart, is_large
from vbmake.storage.protocol import ContentChanged, Data, Sent, StorageError, StorageRefusal

PATIENCE, SLOWEST = 15.0, 1000  # seconds after which an answer must have come at so many bytes a second
SHA256 = "vb-sha256"  # the name under which an object's metadata tells its digest
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"412", "PreconditionFailed"}
_UNKNOWN = {"501", "NotImplemented"}  # "a header you provided implies functionality that is not implemented"
_AGAIN = {  # try once more
    "409",  # two conditional writes met
    "ConditionalRequestConflict",
    "NoSuchUpload",  # somebody has ended what a killed process of theirs seemed to have left
}


class S3Storage:
    """A bucket, or a prefix of one, as Storage.

    `url` is `s3://bucket/prefix`, with `?endpoint=http://host:port` and `&region=...` for other stores than AWS.
    Credentials come from where every AWS tool takes them (environment, profile, instance role). A request is tried
    `attempts` times (see `client`). A store that takes no conditional writes is looked at before each of them instead,
    which two writers at once may both have done; `conditional` is False from then on. `notes` is a folder of this
    machine for notes of uploads in parts (see Multipart).
    """

    def __init__(self, url: str, endpoint: str | None = None, attempts: int = 4, *, notes: Path | None = None) -> None:
        scheme, _, rest = url.partition("://")
        place, _, query = rest.partition("?")
        self.bucket, _, prefix = place.partition("/")
        if scheme != "s3" or not self.bucket:
            raise ValueError(f"{redacted(url)!r} is not an S3 address; write s3://bucket/prefix")
        self.prefix = prefix.strip("/")
        said = parse_qs(query, keep_blank_values=True)
        if wrong := sorted(set(said) - {"endpoint", "region"}):
            raise ValueError(f"{self.url}: found {redacted(wrong[0])!r} after `?`, allowed are endpoint and region")
        self.endpoint = endpoint or said.get("endpoint", [None])[0] or None
        self.region = said.get("region", [None])[0]
        self._check()
        self.attempts = attempts
        self.conditional = True  # until the store has told that it takes no conditional writes
        self._append = threading.Lock()
        self._multipart = Multipart(lambda: self.client, self.bucket, lambda: self._place, notes)

    def _check(self) -> None:
        """Raise ValueError, in one line, for what the library would refuse at the first request, and at length."""
        if "@" in self.bucket:
            raise ValueError(f"an S3 address holds no credentials: write s3://{self.bucket.rpartition('@')[2]}")
        if not self.bucket.startswith("arn:") and not re.fullmatch(BUCKET, self.bucket):
            allowed = "3 to 63 letters, digits, `.`, `-`, `_`"
            raise ValueError(f"s3://{self.bucket}: {self.bucket!r} is no name of a bucket, allowed are {allowed}")
        if self.endpoint is not None and not re.fullmatch(ENDPOINT, self.endpoint):
            raise ValueError(f"{self.url}: an endpoint is written https://host or https://host:port")
        if self.region is not None and not re.fullmatch(REGION, self.region):
            raise ValueError(f"{self.url}: a region is a word such as eu-central-1, found {self.region!r}")

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def address(self) -> str:
        return " ".join(filter(None, (self.url, endpoint_in_use(self.endpoint))))

    @property
    def client(self) -> Any:
        """The boto3 client, made at the first use (importing boto3 takes half a second)."""
        with self._explained("connect to"):
            try:
                return client(self.endpoint, self.region, self.attempts)
            except ValueError as error:  # an endpoint of AWS's own settings (AWS_ENDPOINT_URL, a profile) that is none
                raise StorageError(f"cannot connect to {self.url}: {redacted(_line(error))}") from error

    def key(self, name: str) -> str:
        """The object key of a name. Raises ValueError for a name that leaves the prefix."""
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"{name!r} is not a name below {self.url}")
        return f"{self.prefix}/{name}" if self.prefix else name

    def read(self, name: str) -> bytes | None:
        found = self.read_version(name)
        return None if found is None else found[0]

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        with self._explained("read", name) as absent:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key(name))
            return b"".join(_pieces(answer)), str(answer["ETag"])
        return _none(absent)

    def download(self, name: str, path: Path) -> bool:
        with self._explained("read", name) as absent:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key(name))
            with explained("write", path), open(path, "wb") as stream:
                for piece in _pieces(answer):
                    stream.write(piece)
            return True
        _none(absent)
        return False

    def write(self, name: str, data: Data, *, content_type: str = "") -> None:
        self._put(name, data, content_type, {})

    def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
        return self._put(name, data, content_type, {"IfNoneMatch": "*"})

    def write_version(self, name: str, data: Data, version: str | None, *, content_type: str = "") -> bool:
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        return self._put(name, data, content_type, condition)

    def publish(self, name: str, path: Path, *, content_type: str, sha256: str, sent: Sent) -> None:
        kind = {"Metadata": {SHA256: sha256}, **({"ContentType": content_type} if content_type else {})}
        where = {"Bucket": self.bucket, "Key": self.key(name)}
        if is_large(path):
            self._conditionally(name, {}, lambda _: self._multipart.send(path, where["Key"], kind, {}, sent, sha256))
            return
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ContentChanged(f"{path} was written while it was sent")
        with self._explained("write", name):
            self.client.put_object(**where, **kind, Body=data)
        sent(len(data))

    def digest(self, name: str) -> str | None:
        with self._explained("look at", name) as absent:
            found = self.client.head_object(Bucket=self.bucket, Key=self.key(name))
            told = found["Metadata"].get(SHA256)
            return str(told) if told else None
        return _none(absent)

    def append_line(self, name: str, value: Any) -> None:
        """Read, append, write if nobody else did meanwhile, else again: S3 cannot append."""
        line = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        with self._append:
            for _ in range(50):
                old, version = self.read_version(name) or (b"", None)
                if old and not old.endswith(b"\n"):
                    old += b"\n"
                if self.write_version(name, old + line, version, content_type="application/x-ndjson"):
                    return
        raise StorageError(f"cannot append to {name} in {self.url}: other writers were faster fifty times")

    def list(self, prefix: str = "") -> Iterator[str]:
        whole = f"{self.prefix}/{prefix}" if self.prefix else prefix
        cut = len(self.prefix) + 1 if self.prefix else 0
        with self._explained("list", prefix):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=whole):
                for item in page.get("Contents", []):
                    yield str(item["Key"])[cut:]

    def stat(self, name: str) -> int | None:
        with self._explained("look at", name) as absent:
            return int(self.client.head_object(Bucket=self.bucket, Key=self.key(name))["ContentLength"])
        return _none(absent)

    def delete(self, name: str) -> None:
        with self._explained("delete", name):
            self.client.delete_object(Bucket=self.bucket, Key=self.key(name))

    def _put(self, name: str, data: Data, content_type: str, condition: Fields) -> bool:
        """One object, conditionally; boto3's own upload_file refuses conditions. False: the condition did not hold."""
        where = {"Bucket": self.bucket, "Key": self.key(name)}
        kind = {"ContentType": content_type} if content_type else {}

        def send(condition: Fields) -> None:
            if isinstance(data, Path) and is_large(data):
                self._multipart.send(data, where["Key"], kind, condition)
            elif isinstance(data, Path):
                with open(data, "rb") as stream:
                    self.client.put_object(**where, **kind, **condition, Body=stream)
            else:
                self.client.put_object(**where, **kind, **condition, Body=data)

        return self._conditionally(name, condition, send)

    @property
    def _place(self) -> str:
        return " ".join(filter(None, (self.bucket, endpoint_in_use(self.endpoint))))

    def _conditionally(self, name: str, condition: Fields, send: Callable[[Fields], None]) -> bool:
        """Have something sent under a condition, or {}. False: the condition did not hold."""
        from botocore.exceptions import ClientError

        for attempt in range(5):
            if condition and not self.conditional and not self._holds(name, condition):
                return False
            with self._explained("write", name):
                try:
                    send(condition if self.conditional else {})
                    return True
                except ClientError as error:
                    if _code(error) in _TAKEN or ("IfMatch" in condition and _code(error) in _MISSING):
                        return False
                    if condition and self.conditional and _code(error) in _UNKNOWN:
                        self.conditional = False
                    elif _code(error) not in _AGAIN or attempt == 4:
                        raise
        return False

    def _holds(self, name: str, condition: Fields) -> bool:
        """Whether a condition holds at this moment."""
        if "IfNoneMatch" in condition:
            return self.stat(name) is None
        found = self.read_version(name)
        return found is not None and found[1] == condition["IfMatch"]

    @contextlib.contextmanager
    def _explained(self, verb: str, name: str = "") -> Iterator[set[str]]:
        """Turn the library's errors into StorageError; what is absent ends the block and is noted in the list."""
        from botocore.exceptions import BotoCoreError, ClientError

        absent: set[str] = set()
        subject = f"{verb} {name} in {self.url}" if name else f"{verb} {self.url}"
        if name:
            self.key(name)  # is it a name?
        try:
            yield absent
        except BadAnswer as error:
            raise StorageError(f"cannot {subject}: {error}") from error
        except WorkspaceError:  # told already
            raise
        except ClientError as error:
            if _code(error) in _MISSING and verb not in ("write", "list"):
                absent.add(_code(error))
                return
            message = _line(error.response["Error"].get("Message") or "") or f"the answer is {_code(error) or 'empty'}"
            if verb in ("read", "look at") and _code(error) in ("403", "AccessDenied"):
                message += " (S3 says so of what is absent, too, unless s3:ListBucket is allowed)"
            raise StorageRefusal(f"cannot {subject}: {message}") from error
        except (BotoCoreError, OSError) as error:
            raise StorageError(f"cannot {subject}: {_line(error)}") from error
        except KeyError as error:  # a proxy, or a page to log in at, answers in its stead
            raise StorageError(f"cannot {subject}: the answer has no {error.args[0]}, as S3's have") from error
        except Exception as error:  # so does one that sends the library from place to place, or sends it nonsense
            told = "it leads in a circle" if isinstance(error, RecursionError) else _line(error)
            raise StorageError(f"cannot {subject}: this is no answer of a store ({told})") from error


def _pieces(answer: Fields) -> Iterator[bytes]:
    """The bytes of an answer as they come, all of them.

    Raises BadAnswer when they come so slowly that it is as good as silence, or break off. (The library's own ways wait
    for whole pieces, however long each byte of one takes.)
    """
    from botocore.exceptions import BotoCoreError
    from urllib3.exceptions import HTTPError

    body, size = answer["Body"], answer.get("ContentLength")
    read = getattr(body._raw_stream, "read1", body.read)  # (urllib3 before 2.1 has none)
    waited, count = 0.0, 0
    try:
        while True:
            began = time.monotonic()
            piece = read(1 << 20)
            waited += min(time.monotonic() - began, SILENCE)  # what is longer was not the server's, but a Ctrl-Z
            if not piece:
                break
            count += len(piece)
            yield piece
            if count != size and waited > PATIENCE and count < waited * SLOWEST:
                raise BadAnswer(f"the answer comes too slowly: {count} bytes in {waited:.0f} s")
        if size is not None and count != size:  # the library leaves it to its own ways of reading to notice
            raise BadAnswer(f"the answer breaks off after {count} of {size} bytes")
    except (BotoCoreError, HTTPError, OSError) as error:
        body.close()
        raise BadAnswer(f"the answer breaks off: {_line(error)}") from error
    except BaseException:
        body.close()  # nobody is to be given this connection again
        raise


def _line(told: object) -> str:
    """What a library or a store tells, in one line."""
    return shorten(str(told), 300)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _none(absent: set[str]) -> None:
    assert absent, "only an absent object ends a read without an answer"
