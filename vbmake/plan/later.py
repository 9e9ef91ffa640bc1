"""Parts of a plan that are made when they are asked for: a film's first job need not wait for all that others show."""

from __future__ import annotations

import functools
from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class Later(Mapping[str, Value]):
    """A mapping that is made when it is first looked into, but for what is `known`: most plans are never asked."""

    def __init__(self, make: Callable[[], Mapping[str, Value]], **known: Value) -> None:
        self._make = make
        self._known = known

    @functools.cached_property
    def _made(self) -> Mapping[str, Value]:
        return {**self._make(), **self._known}

    def __getitem__(self, key: str) -> Value:
        return self._known[key] if key in self._known else self._made[key]

    def items(self) -> ItemsView[str, Value]:
        return self._made.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
