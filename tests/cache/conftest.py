"""The local S3 server of the storage tests, for the remote cache."""

from __future__ import annotations

from tests.storage.conftest import bucket, s3_endpoint, s3_server, watched_server

__all__ = ["bucket", "s3_endpoint", "s3_server", "watched_server"]
