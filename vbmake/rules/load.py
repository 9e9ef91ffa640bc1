"""Read rule files: every mistake with its place, the project's rules before those of vbmake."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vbmake.document.node import Map, Problems
from vbmake.document.yaml_reader import Limits, read_yaml
from vbmake.errors import Place, Problem, ProjectError
from vbmake.rules.model import Rule
from vbmake.rules.options import did_you_mean
from vbmake.rules.parse import parse_rule

RULE_FILE = Limits(bytes=200_000, nodes=5_000, depth=20)


def library() -> Path:
    """The directory of the rules that come with vbmake: inside an installed package, else beside it in a checkout."""
    package = Path(__file__).resolve().parent
    packaged = package / "library"
    return packaged if packaged.is_dir() else package.parent.parent / "rules"


class Shelf(Mapping[str, Rule]):
    """Rules by name, in order: some that were read, and files that are read when their rule is asked for.

    A file's rule is called as the file. Raises ProjectError for what is wrong in one.
    """

    def __init__(self, rules: Mapping[str, Rule], files: Mapping[str, Path]) -> None:
        self._rules = dict(rules)
        self._files = files
        self._names = sorted({*rules, *files})

    def __getitem__(self, name: str) -> Rule:
        if name not in self._rules:
            path = self._files[name]
            self._rules[name] = _read_once(path, *_stamp(path))
        return self._rules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rules or name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class RuleBook:
    """Every rule that a project can use, by name."""

    rules: Mapping[str, Rule] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def __contains__(self, name: object) -> bool:
        return name in self.rules

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all rules, sorted."""
        return tuple(sorted(self.rules))

    def rule(self, name: str, place: Place | None = None) -> Rule:
        """The rule of that name. Raises ProjectError (at `place`, where the project names it) with the nearest name."""
        found = self.rules.get(name)
        if found is None:
            near = did_you_mean(name, self.rules).removeprefix("; ")
            hint = "; ".join(part for part in (near, f"a rule of your own is a file rules/{name}.yaml") if part)
            where = place or Place("video.yaml")
            raise ProjectError(
                [Problem(where, "there is no such rule", found=name, allowed=", ".join(self.names), hint=hint)]
            )
        return found


def load_rules(*directories: Path | str) -> RuleBook:
    """The rules of `directories` (a project's own, first), then those of vbmake; of one name, the first counts.

    A directory that does not exist holds no rules. Those of vbmake are read when they are asked for: they are right,
    and most projects use few. Raises ProjectError with every mistake of every file of `directories`.
    """
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    for directory in map(Path, directories):
        for path in _files(directory):
            try:
                rule = _read_once(path, *_stamp(path))
            except ProjectError as error:
                problems += error.problems
            else:
                rules.setdefault(rule.name, rule)
    if problems:
        raise ProjectError(problems)
    return RuleBook(Shelf(rules, {path.stem: path for path in _files(library())}))


def read_rule(path: Path) -> Rule:
    """One rule file as a Rule. Raises ProjectError with every mistake in it."""
    name = _told(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ProjectError([Problem(Place(name), f"the file cannot be read: {error.strerror or error}")]) from None
    problems = Problems()
    node = read_yaml(content, name, problems, RULE_FILE)
    rule = None
    if isinstance(node, Map):
        rule = parse_rule(node, path, problems)
    else:
        problems.add(node, "a rule is a mapping", allowed="rule, about, reads, options, makes, needs, command or call")
    if problems or rule is None:
        raise ProjectError(problems.found)
    return rule


@functools.lru_cache(maxsize=512)
def _read_once(path: Path, _size: int, _mtime: int) -> Rule:
    return read_rule(path)


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries if entry.name.endswith((".yaml", ".yml")) and entry.is_file()]
    return [directory / name for name in sorted(names) if not name.startswith(".")]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _told(path: Path) -> str:
    """The path as a person knows it: the folder's name and the file's, since rules stand in one folder."""
    return f"{path.parent.name}/{path.name}"
