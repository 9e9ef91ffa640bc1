"""What a rule's `call` is given: everything one job may see, and nothing of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vbmake.errors import FatalError

if TYPE_CHECKING:
    from vbmake.providers.engine import Made
    from vbmake.providers.types import Generation


def _quiet(_: str) -> None:
    return None


def _still(_done: int, _total: int) -> None:
    return None


def _nobody(_: Generation) -> Made:
    raise FatalError("there is no provider to ask here")


class InputFiles(Mapping[str, tuple[Path, ...]]):
    """Existing files by role, in order: made of their places when a role is asked for, as many rules never do."""

    __slots__ = ("_paths", "_places")

    def __init__(self, places: Mapping[str, Sequence[str]]) -> None:
        self._places = places
        self._paths: dict[str, tuple[Path, ...]] = {}

    def __getitem__(self, role: str) -> tuple[Path, ...]:
        paths = self._paths.get(role)
        if paths is None:
            paths = self._paths[role] = tuple([Path(name) for name in self._places[role]])
        return paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Work(NamedTuple):
    """One job, ready to be done.

    `options` are JSON values after defaults. `inputs` are existing files, by role and in order; they are only read.
    `outputs` are paths inside the private `directory` with their final extensions; the call must create each of them.
    `log` appends a line to the job's log, `progress(done, total)` reports in whatever unit the job counts (frames).
    `key` is the job's action key, and `ask` has the job's provider make an asset, which is paid once for a key.

    A call returns the measures of what it made (JSON values by output role), or None.
    """

    options: Mapping[str, Any]
    inputs: Mapping[str, tuple[Path, ...]]
    outputs: Mapping[str, Path]
    directory: Path
    log: Callable[[str], None] = _quiet
    progress: Callable[[int, int], None] = _still
    key: str = ""
    ask: Callable[[Generation], Made] = _nobody


Measures = Mapping[str, Mapping[str, Any]]
Call = Callable[[Work], "Measures | None"]
