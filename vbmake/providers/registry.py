"""Which adapter speaks to a service: the built-in ones, and those that installed packages bring."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast, get_args

from vbmake.errors import FatalError
from vbmake.providers.types import Adapter
from vbmake.services import LOCAL, PLUGINS, Kind

GROUP: Final = PLUGINS
"""The entry point group of users' own providers."""

BUILT_IN: Final = {
    "openai": "vbmake.providers.openai:OpenAI",
    "replicate": "vbmake.providers.replicate:Replicate",
    "elevenlabs": "vbmake.providers.elevenlabs:ElevenLabs",
    "fal": "vbmake.providers.fal:Fal",
}
_METHODS: Final = ("authorise", "check", "submit", "accepted", "polled", "failure")


def adapter(service: str, *, find: Callable[[], Iterable[EntryPoint]] | None = None) -> Adapter:
    """An instance of the adapter of `service`: a built-in one, else that of an entry point named so.

    `find` gives the entry points (None: those of the installed packages). Raises FatalError when there is none of
    that name, or when the package that brings it cannot be used; the message names the package and what failed.
    """
    if service in BUILT_IN:
        module, _, name = BUILT_IN[service].partition(":")
        return cast(Adapter, getattr(importlib.import_module(module), name)())
    points = _points(find)
    named = {(_package(point), point.value): point for point in points if point.name == service}
    if not named:
        raise FatalError(_unknown(service, sorted({*BUILT_IN, *(point.name for point in points)})))
    if len(named) > 1:
        packages = " and ".join(f"{package} ({value})" for package, value in sorted(named))
        raise FatalError(f"provider service {service!r} is brought by {packages}: uninstall all but one")
    (point,) = named.values()
    return _instance(point)


def services(*, find: Callable[[], Iterable[EntryPoint]] | None = None) -> tuple[str, ...]:
    """The names of every service there is an adapter for, sorted; none of their packages is imported."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in _points(find))}))


def _points(find: Callable[[], Iterable[EntryPoint]] | None) -> tuple[EntryPoint, ...]:
    return tuple(find() if find is not None else entry_points(group=GROUP))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value.partition(":")[0]


def _unknown(service: str, known: list[str]) -> str:
    if service == LOCAL:
        return f"{LOCAL!r} makes its assets on this machine and has no adapter"
    near = difflib.get_close_matches(service, known, 1)
    return (
        f"there is no provider service {service!r}"
        + (f"; did you mean {near[0]!r}?" if near else "")
        + f" Known are {', '.join(known)}. A package of your own adds one by an entry point of the group {GROUP}."
    )


def _instance(point: EntryPoint) -> Adapter:
    """What the entry point names, made and looked over."""
    who = f"provider service {point.name!r} of the package {_package(point)} ({point.value})"
    try:
        found = point.load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        raise FatalError(
            f"{who} cannot be imported: {type(error).__name__}: {error}; reinstall or repair it"
        ) from error
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:  # as above
            raise FatalError(
                f"{who} cannot be made without arguments: {type(error).__name__}: {error}; "
                "an adapter's class takes none, what it needs comes with each call"
            ) from error
    wrong = _wrong(found, point.name)
    if wrong:
        raise FatalError(
            f"{who} is no adapter: {'; '.join(wrong)}. See vbmake.providers.types.Adapter for what one has"
        )
    return cast(Adapter, found)


def _wrong(found: Any, service: str) -> list[str]:
    """What an object lacks to be the adapter of `service`."""
    wrong = [f"the method {name}() is missing" for name in _METHODS if not callable(getattr(found, name, None))]
    name = getattr(found, "name", None)
    if name != service:
        wrong.append(f"its name is {name!r} and must be {service!r}, as the entry point")
    hosts = getattr(found, "hosts", None)
    if not isinstance(hosts, tuple) or not all(isinstance(host, str) and host for host in hosts):
        wrong.append(f"hosts is {hosts!r} and must be a tuple of host names (empty: only that of base_url)")
    kinds = getattr(found, "kinds", None)
    if not isinstance(kinds, tuple) or not kinds or not all(kind in get_args(Kind) for kind in kinds):
        wrong.append(f"kinds is {kinds!r} and must be a tuple of some of {', '.join(get_args(Kind))}")
    idempotent = getattr(found, "idempotent", None)
    if not isinstance(idempotent, bool):
        wrong.append(f"idempotent is {idempotent!r} and must be True or False (False when asking twice costs twice)")
    return wrong
