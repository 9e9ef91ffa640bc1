"""What a rule is: how one kind of job is done, as its YAML file declares it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from vbmake.rules import options as option_rules
from vbmake.rules.options import Option

Arity = Literal["file", "files", "optional file"]
Kind = Literal["image", "video", "audio", "file"]

ARITIES: Final[tuple[Arity, ...]] = ("file", "files", "optional file")
IMAGES: Final = ("png", "jpg", "jpeg", "webp", "svg")
VIDEOS: Final = ("mp4", "mov", "mkv", "webm", "gif")
SOUNDS: Final = ("wav", "flac", "m4a", "mp3", "ogg", "opus")


@dataclass(frozen=True)
class When:
    """Arguments that are given only when a Jinja expression over the options and roles is true."""

    condition: str
    then: tuple[Item, ...]
    otherwise: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Each:
    """One argument for every file of a role, or for every item of an array option."""

    name: str


Item = str | When | Each
Step = tuple[Item, ...]


@dataclass(frozen=True)
class Rule:
    """One rule, checked. A job is done by its `command` (steps of arguments) or by its `call` ("module:function").

    `reads` says how many files each input role takes; `makes` the extension of each output role, the first of
    `extensions` when several are possible. `options` is None when the rule takes any JSON object (the core's rules).
    `needs` names tools (see `vbmake.rules.tools`), `fails` is a regular expression: a line
    of a program's output in which it is found is a failure, for programs that end well after an error. `timeout` is in
    seconds for each step. `file` is where the rule stands; it is in
    no key.
    """

    name: str
    about: str
    version: int = 1
    reads: Mapping[str, Arity] = field(default_factory=dict)
    options: Mapping[str, Option] | None = field(default_factory=dict)
    makes: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    pool: str = "cpu"
    command: tuple[Step, ...] = ()
    call: str = ""
    fails: str = ""
    timeout: float | None = None
    file: Path = field(default=Path(), compare=False)

    @property
    def directory(self) -> Path:
        """Where the rule's own files (needs that begin with "./") are."""
        return self.file.parent

    @property
    def output(self) -> str:
        """The first output role: what a layer or a sound made by this rule shows."""
        return next(iter(self.makes))

    @property
    def kind(self) -> Kind:
        """What the first output is, by its extension."""
        extension = self.makes[self.output]
        if extension in IMAGES:
            return "image"
        if extension in VIDEOS:
            return "video"
        return "audio" if extension in SOUNDS else "file"

    def tools(self, given: Collection[str] = ()) -> tuple[str, ...]:
        """The needs of one job, when files are `given` in those roles.

        A need that bears the name of an optional role is that role's default: it is only needed where no file is given.
        """
        return tuple(name for name in self.needs if not (name in self.defaults and name in given))

    @property
    def defaults(self) -> tuple[str, ...]:
        """The optional roles whose file the machine provides when the project gives none (a soundfont)."""
        return tuple(role for role, arity in self.reads.items() if arity == "optional file" and role in self.needs)

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        """What is wrong with the options a project gives, a sentence each; [] when they may be used."""
        return [] if self.options is None else option_rules.check(self.options, options)

    def check_inputs(self, counts: Mapping[str, int]) -> list[str]:
        """What is wrong with the files a project gives, as a number for each role; [] when they may be used."""
        found = []
        for role in counts:
            if role not in self.reads:
                allowed = ", ".join(self.reads) or "none"
                near = option_rules.did_you_mean(role, self.reads)
                found.append(f"{role}: {self.name} reads no such file, allowed are {allowed}{near}")
        for role, arity in self.reads.items():
            count = counts.get(role, 0)
            if arity == "file" and count != 1:
                found.append(
                    f"{role} is missing, give one file" if not count else f"{role}: found {count} files, allowed is one"
                )
            if arity == "optional file" and count > 1:
                found.append(f"{role}: found {count} files, allowed is one or none")
        return found

    def fill(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The options with the rule's defaults, in the form that enters the key."""
        return options if self.options is None else option_rules.fill(self.options, options)

    def recipe(self) -> str:
        """sha256 of the command as written ("" for a call, whose changes are told by `version`)."""
        if not self.command:
            return ""
        text = json.dumps([_written(step) for step in self.command], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(items: tuple[Item, ...]) -> list[Any]:
    """Items as plain JSON again."""
    plain: list[Any] = []
    for item in items:
        if isinstance(item, When):
            plain.append({"if": item.condition, "then": _written(item.then), "else": _written(item.otherwise)})
        elif isinstance(item, Each):
            plain.append({"each": item.name})
        else:
            plain.append(item)
    return plain
