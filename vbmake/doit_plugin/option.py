"""An option of a command, as doit wants it told."""

from __future__ import annotations

from typing import Any

Option = dict[str, Any]


def flag(long: str, about: str, *, name: str = "", short: str = "") -> Option:
    """An option that is said or not."""
    return option(long, about, False, name=name, short=short)


def option(long: str, about: str, default: Any = None, *, metavar: str = "", name: str = "", short: str = "") -> Option:
    """An option with a value, of the default's type (text where there is none).

    `name` is what the command knows it by: the long form, with _ for -, unless another is given.
    """
    kind = str if default is None else type(default)
    told = {
        "name": name or long.replace("-", "_"),
        "short": short,
        "long": long,
        "type": kind,
        "default": default,
        "help": about,
    }
    return {**told, **({"metavar": metavar} if metavar else {})}
