"""Where finished work is shared: a cache for other machines, and a mirror for people. Neither is part of any key."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, WithJsonSchema

from vbmake.project.model import Model
from vbmake.storage.address import BUCKET, ENDPOINT, REGION

_S3 = rf"s3://{BUCKET}(/[^?#\s]*)?"


def _shaped(pattern: str, words: str) -> BeforeValidator:
    """A text of that shape; `words` says which it is."""

    def check(value: Any) -> str:
        text = str(value).strip()
        if not re.fullmatch(pattern, text) or "/../" in f"{text}/":
            raise ValueError(words)
        return text

    return BeforeValidator(check)


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": [example]})


S3Address = Annotated[
    str,
    _shaped(_S3, "an S3 address is written s3://bucket or s3://bucket/prefix"),
    _schema(_S3, "s3://bucket/prefix"),
]
Endpoint = Annotated[
    str,
    _shaped(ENDPOINT, "an endpoint is written https://host or https://host:port"),
    _schema(ENDPOINT, "https://s3.example.org"),
]
Region = Annotated[str, _shaped(REGION, "a region is a word such as eu-central-1"), _schema(REGION, "eu-central-1")]


class Store(Model):
    """Which S3 it is, where it is not Amazon's own in the region that the environment names."""

    endpoint: Endpoint | None = Field(default=None, description="The address of another store than Amazon's.")
    region: Region | None = Field(default=None, description="The region. Default: as the environment says.")

    def _address(self, base: str) -> str:
        said = {"endpoint": self.endpoint, "region": self.region}
        query = urlencode({name: value for name, value in said.items() if value})
        return f"{base}?{query}" if query else base


class Cache(Store):
    """A cache that other machines share: what one has made, no other makes again."""

    remote: S3Address = Field(description="Where it is.")
    mode: Literal["read", "write", "off"] = Field(
        default="write", description="read fetches only; off leaves it alone. Builds of pull requests never write."
    )

    @property
    def address(self) -> str:
        """`remote` with endpoint and region, as storages take it."""
        return self._address(self.remote)


class Sync(Store):
    """Where `doit sync` publishes what was built, under the names that the files have in `build/`."""

    to: S3Address = Field(description="Where to. A prefix belongs to one project.")
    after: Literal["build"] | None = Field(
        default=None, description="build: publish after each successful build (never for a pull request)."
    )

    @property
    def address(self) -> str:
        """`to` with endpoint and region, as storages take it."""
        return self._address(self.to)
