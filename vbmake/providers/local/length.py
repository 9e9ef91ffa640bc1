"""How long what is made shall last, as an option says it."""

from __future__ import annotations

from fractions import Fraction

from vbmake.errors import FatalError


def length_of(text: object, longest: int, hint: str) -> Fraction:
    """The seconds in an option. Raises FatalError for none, or more than `longest`."""
    try:
        seconds = Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        raise FatalError(f"{text!r} is no length; allowed are seconds such as 5, 2.5 or 5/2") from None
    if not Fraction(1, 100) <= seconds <= longest:
        raise FatalError(f"{float(seconds):g} s cannot be made; allowed are 0.01 to {longest} s: {hint}")
    return seconds
