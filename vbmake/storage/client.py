"""The boto3 client of an S3 endpoint: made once, quick to give up, patient with who is busy, not to be led astray."""

from __future__ import annotations

import os
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

from vbmake.storage.protocol import StorageError

SILENCE = 10  # seconds after which a server that has taken a request and does not answer counts as lost
BUSY = 6  # times that a store is asked in all that says it has too much to do: some 6 s
_BUSY = {429, 503}  # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (SlowDown is a 503)
_ELSEWHERE = {301, 302, 307, 308}
_AMAZON = ".amazonaws.com"


class BadAnswer(StorageError):
    """An answer with which nothing can be begun. Of which request it is, is told by whoever made it."""


@lru_cache(maxsize=8)
def client(endpoint: str | None, region: str | None, attempts: int) -> Any:
    """The client for an endpoint: made once, used by every thread (botocore's clients are thread-safe).

    A request that gets no answer, or an error of the server's, is tried `attempts` times; each may take 3 s to connect
    and SILENCE s to answer. Raises ValueError for an endpoint of AWS's own settings that is none.
    """
    import boto3
    from botocore.config import Config

    made = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        config=Config(
            connect_timeout=3,
            read_timeout=SILENCE,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=32,
            # The default (a CRC on every request) is refused by several S3-compatible stores; we keep our own sha256.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    made.meta.events.register_first("needs-retry.s3", _busy)
    if _AMAZON not in made.meta.endpoint_url:
        made.meta.events.register_first("needs-retry.s3", _sent_on)
    return made


def endpoint_in_use(endpoint: str | None) -> str | None:
    """Where requests go; None: to Amazon's S3. Without an endpoint that is told, AWS's own settings may name one.

    boto3, which takes half a second to import, is asked only where such a setting stands in a file.
    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if endpoint is not None:
        return endpoint
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    told = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if told:
        return told
    try:
        settings = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser().read_bytes()
    except (OSError, RuntimeError):
        return None
    if b"endpoint_url" not in settings:
        return None
    try:
        found = str(client(None, None, 1).meta.endpoint_url)
    except Exception:  # what is wrong with the settings is told at the first request
        return None
    return None if _AMAZON in found else found


def _busy(response: Any, attempts: int, **_: Any) -> float | None:
    """Seconds after which a busy store is asked again; None to leave it to the library. (A handler of botocore's.)

    The library's own count of attempts is short, for places that do not answer at all; this one answers.
    """
    if response is None or response[0].status_code not in _BUSY or attempts >= BUSY:
        return None
    told = str(response[0].headers.get("Retry-After", ""))
    if told.isdecimal():
        return float(min(int(told), SILENCE))
    return float(0.25 * 2 ** (attempts - 1) * random.uniform(0.5, 1))


def _sent_on(response: Any, **_: Any) -> None:
    """Raise BadAnswer for one that leads elsewhere and names no region S3 could mean. (A handler of botocore's.)

    The library would ask the same server for the bucket's region, and again about the answer to that, without end.
    """
    if response is None or response[0].status_code not in _ELSEWHERE:
        return
    headers, told = response[0].headers, response[1].get("Error", {})
    if "x-amz-bucket-region" not in headers and not told.get("Region"):
        raise BadAnswer(f"it leads elsewhere ({response[0].status_code}), as pages to log in at do: this is no store")
