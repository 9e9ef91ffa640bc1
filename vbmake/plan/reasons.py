"""How the material of a key differs from that of the last success: field by field, and the inputs by their names."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from vbmake.plan.changes import changes
from vbmake.plan.types import JobSpec, Tag

Reason = tuple[str, Any, Any]


class Read(NamedTuple):
    """An input as a job read it. `name` is "" where only its digest is recorded."""

    name: str
    sha256: str


# What makes two of them one, first to last.
_ALIKE: tuple[Callable[[Read], Any], ...] = (
    lambda one: one,
    lambda one: one.name or None,
    lambda one: one.sha256,
)


def differences(tag: Tag, job: JobSpec, material: Mapping[str, Any]) -> list[Reason]:
    """(field, old, new) of each field of the material in which it differs from that of a tag, in the order of fields.

    Of inputs as `input_differences` tells them.
    """
    found: list[Reason] = []
    inputs = [one.get("inputs") or {} for one in (tag.material, material)]
    for role in sorted({*inputs[0], *inputs[1]}):
        old, new = (one.get(role, []) for one in inputs)
        if old != new:
            names = [ref.name for ref in job.inputs.get(role, ())]
            found += input_differences(role, _read(tag.inputs.get(role, ()), old), _read(names, new))
    before, after = ({**one, "inputs": None} for one in (tag.material, material))
    return sorted([*found, *changes(before, after)], key=lambda reason: reason[0].partition(".")[0])


def input_differences(role: str, old: Sequence[Read], new: Sequence[Read]) -> list[Reason]:
    """How what is read in a role differs: (`inputs.ROLE[INDEX]`, old, new), each of them a `Read`, or None for none.

    One of the same name with another digest has changed. One with the same digest and another name is the same to a
    key. Of the others that stand in the same gap each new one replaces an old one, as far as there are any. Where what
    stayed stands in another order, two that have changed their order are told: (`inputs.ROLE`, Read, Read), of
    which the second now stands before the first.
    """
    pairs: dict[int, int] = {}  # of the new to the old, by index
    for alike in _ALIKE:
        _pair(old, new, pairs, alike)
    found: list[Reason] = []
    lost, came = _gaps(len(old), set(pairs.values())), _gaps(len(new), set(pairs))
    for gap in sorted({*lost, *came}):
        for gone, now in zip_longest(lost.get(gap, ()), came.get(gap, ())):
            both = None if gone is None else old[gone], None if now is None else new[now]
            found.append((f"inputs.{role}[{gone if now is None else now}]", *both))
    found += [
        (f"inputs.{role}[{now}]", old[before], new[now])
        for now, before in sorted(pairs.items())
        if old[before].name == new[now].name and old[before].sha256 != new[now].sha256
    ]
    there = {before: now for now, before in pairs.items()}
    for before, after in zip(sorted(there), (pairs[now] for now in sorted(pairs)), strict=True):
        if before != after:
            found.append((f"inputs.{role}", new[there[before]], new[there[after]]))
            break
    return found


def _read(names: Sequence[str], digests: Sequence[str]) -> list[Read]:
    known = names if len(names) == len(digests) else [""] * len(digests)
    return [Read(*one) for one in zip(known, digests, strict=True)]


def _pair(old: Sequence[Read], new: Sequence[Read], pairs: dict[int, int], alike: Callable[[Read], Any]) -> None:
    """Pair those that are alike and have no other yet, each with the first."""
    taken = set(pairs.values())
    waiting: defaultdict[Any, deque[int]] = defaultdict(deque)
    for index, one in enumerate(old):
        if index not in taken:
            waiting[alike(one)].append(index)
    for index, one in enumerate(new):
        if index not in pairs and (mark := alike(one)) is not None and waiting.get(mark):
            pairs[index] = waiting[mark].popleft()


def _gaps(count: int, paired: set[int]) -> dict[int, list[int]]:
    """The indices without a pair, by how many with one stand before them."""
    found: dict[int, list[int]] = {}
    before = 0
    for index in range(count):
        if index in paired:
            before += 1
        else:
            found.setdefault(before, []).append(index)
    return found
