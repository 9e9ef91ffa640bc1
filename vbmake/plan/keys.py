"""Action keys: the digest that names what a job will make, and the material it is made of."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vbmake.plan.canonical import compact_json, digest_plain, digest_text, plain_json
from vbmake.plan.types import JobSpec


class Versioned(Protocol):
    """What a key needs of a rule."""

    @property
    def version(self) -> int: ...


class Material(dict[str, Any]):
    """The material of a key, with its canonical JSON made once: what the key is the digest of, and what is stored.

    It is not changed once its text, or its key, was asked for.
    """

    @functools.cached_property
    def text(self) -> str:
        return plain_json(self)


def key_material(
    job: JobSpec,
    rule: Versioned,
    digests: Mapping[str, Sequence[str]],
    tools: Mapping[str, str],
    salt: str = "",
) -> Material:
    """Everything that decides the bytes a job makes, and nothing else.

    `digests` are the sha256 of the inputs by role, in order; `tools` who the needed programs and packages are.
    Never in it: paths, names, ids, positions, times, the machine, how many jobs run.
    """
    return Material(
        rule=job.rule,
        version=rule.version,
        options=job.options,
        inputs={role: list(hashes) for role, hashes in digests.items() if hashes},
        outputs={role: os.path.splitext(path)[1][1:] for role, path in job.outputs.items()},
        tools=dict(tools),
        take=job.take,
        salt=salt,
    )


def action_key(material: Mapping[str, Any]) -> str:
    """sha256 (hex) of the canonical JSON of a `key_material`."""
    return digest_text(material.text) if isinstance(material, Material) else digest_plain(material)


def plain_record(record: Mapping[str, Any]) -> bytes:
    """A record that may have a `material` as one line of JSON, as compactly as it can be stored."""
    material = record.get("material")
    if not isinstance(material, Material):
        return compact_json(record).encode("utf-8", "surrogatepass")
    rest = compact_json({name: value for name, value in record.items() if name != "material"})
    return f'{rest[:-1]},"material":{material.text}}}'.encode("utf-8", "surrogatepass")


def changes(old: Any, new: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """The fields in which two key materials differ: (path, old, new), in the order of the paths. Missing is None."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for name in sorted(set(old) | set(new)):
            found += changes(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
        return found
    if isinstance(old, list) and isinstance(new, list):
        found = []
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            found += changes(before, after, f"{path}[{index}]")
        return found
    return [] if old == new else [(path, old, new)]
