"""The fields in which two values differ. Of lists of mappings, which of the one corresponds to which of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from vbmake.plan.canonical import plain_json

Change = tuple[str, Any, Any]
Pair = tuple[int | None, int | None]  # indices of the old and of the new; None where it has no counterpart

_LIMIT = 4_000_000  # comparisons: longer lists are compared by index


def changes(old: Any, new: Any, path: str = "") -> list[Change]:
    """The fields in which two key materials differ: (path, old, new), in the order of the paths. Missing is None.

    Items of a list are told by their index: of what was removed by that which it had.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found = []
        for name in sorted(set(old) | set(new)):
            found += changes(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
        return found
    if isinstance(old, list) and isinstance(new, list) and old != new:
        by_index = zip_longest(range(len(old)), range(len(new)))  # where nothing but the order differs
        return _of_items(old, new, _pairs(old, new), path) or _of_items(old, new, by_index, path)
    return [] if old == new else [(path, old, new)]


def _of_items(old: Sequence[Any], new: Sequence[Any], pairs: Iterable[Pair], path: str) -> list[Change]:
    found: list[Change] = []
    for before, after in pairs:
        one, other = None if before is None else old[before], None if after is None else new[after]
        found += changes(one, other, f"{path}[{before if after is None else after}]")
    return found


def _pairs(old: Sequence[Any], new: Sequence[Any]) -> list[Pair]:
    """What corresponds to what: by index, but of mappings those that are equal or alike, while they keep their order.

    What has an id corresponds to what has the same, wherever it stands.
    """
    by_index = list(zip_longest(range(len(old)), range(len(new))))
    if not all(isinstance(one, Mapping) for one in (*old, *new)):
        return by_index
    pairs = list(_aligned(old, new, range(len(old)), range(len(new)), (plain_json, _likeness)))
    gone = {_identity(old[before]): before for before, after in pairs if before is not None and after is None}
    came = {after: _identity(new[after]) for before, after in pairs if before is None and after is not None}
    moved = {after: gone[mark] for after, mark in came.items() if mark in gone}
    left = set(moved.values())
    if len(left) < len(moved) or any(not isinstance(new[after].get("id"), str) for after in moved):
        return by_index  # else it would be told to be new, and to be gone
    return [
        (moved.get(after, before) if before is None and after is not None else before, after)
        for before, after in pairs
        if after is not None or before not in left
    ]


def _identity(item: Mapping[str, Any]) -> Any:
    """By what an item is known to be the same: its id, or else all that is said of it."""
    return item["id"] if isinstance(item.get("id"), str) else plain_json(item)


def _likeness(item: Mapping[str, Any]) -> Any:
    """What two versions of one thing have in common: its id, or else its kind and what is said of it."""
    return item["id"] if isinstance(item.get("id"), str) else (item.get("kind"), frozenset(item))


def _aligned(
    old: Sequence[Any], new: Sequence[Any], before: range, after: range, marks: Sequence[Callable[[Any], Any]]
) -> Iterator[Pair]:
    """Pairs among the items in two ranges: first those of which the first mark is equal, then by the next in the gaps.

    What is left in a gap is paired in order, unless it is of different kinds.
    """
    if not before or not after or len(before) * len(after) > _LIMIT:
        yield from zip_longest(before, after)
        return
    if not marks:
        for pair in zip_longest(before, after):
            yield from [pair] if _are_of_a_kind(old, new, pair) else [(pair[0], None), (None, pair[1])]
        return
    mark, *looser = marks
    matcher = SequenceMatcher(None, [mark(old[i]) for i in before], [mark(new[i]) for i in after], autojunk=False)
    one = other = 0
    for block in matcher.get_matching_blocks():
        yield from _aligned(old, new, before[one : block.a], after[other : block.b], looser)
        yield from zip(before[block.a : block.a + block.size], after[block.b : block.b + block.size], strict=True)
        one, other = block.a + block.size, block.b + block.size


def _are_of_a_kind(old: Sequence[Any], new: Sequence[Any], pair: Pair) -> bool:
    before, after = pair
    return before is None or after is None or old[before].get("kind") == new[after].get("kind")
