"""Action keys: the digest that names what a job will make, and the material it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from vbmake.plan.canonical import compact_json, digest_plain, plain_json, ready
from vbmake.plan.types import JobSpec


def extension(path: str) -> str:
    """The extension of a POSIX path with its dot, "" without one. (`os.path.splitext` takes several times as long.)"""
    dot = path.rfind(".")
    return path[dot:] if dot > path.rfind("/") + 1 else ""


class Versioned(Protocol):
    """What a key needs of a rule."""

    @property
    def version(self) -> int: ...


class Material(dict[str, Any]):
    """The material of a key, with its canonical JSON made once: what the key is the digest of, and what is stored.

    It is not changed once that, or its key, was asked for.
    """

    options = b""  # their canonical JSON, where it is known
    _json = b""

    @property
    def json(self) -> bytes:
        if not self._json:
            self._json = plain_json({**self, "options": ready(self.options)} if self.options else self)
        return self._json


def key_material(
    job: JobSpec,
    rule: Versioned,
    digests: Mapping[str, list[str]],
    tools: Mapping[str, str],
    salt: str = "",
) -> Material:
    """Everything that decides the bytes a job makes, and nothing else.

    `digests` are the sha256 of the inputs by role, in order; `tools` who the needed programs and packages are.
    Never in it: paths, names, ids, positions, times, the machine, how many jobs run.
    """
    material = Material(
        rule=job.rule,
        version=rule.version,
        options=job.options,
        inputs=dict(digests),
        outputs={role: extension(path)[1:] for role, path in job.outputs.items()},
        tools=dict(tools),
        take=job.take,
        salt=salt,
    )
    material.options = job.options_json
    return material


def action_key(material: Mapping[str, Any]) -> str:
    """sha256 (hex) of the canonical JSON of a `key_material`."""
    return hashlib.sha256(material.json).hexdigest() if isinstance(material, Material) else digest_plain(material)


def plain_record(record: Mapping[str, Any]) -> bytes:
    """A record that may have a `material` as one line of JSON, as compactly as it can be stored."""
    material = record.get("material")
    return compact_json({**record, "material": ready(material.json)} if isinstance(material, Material) else record)
