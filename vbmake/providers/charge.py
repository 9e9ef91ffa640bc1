"""How many tokens, characters, images, seconds or runs a generation takes, and what they cost at a price."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final
from unicodedata import east_asian_width

from vbmake.providers.openai_sizes import size_for
from vbmake.providers.price import Price, Range
from vbmake.providers.types import Generation
from vbmake.services import Kind

# What is assumed where nothing is asked or told: ranges that hold what was seen of the services.
_SECONDS: Final[Mapping[Kind, tuple[int, int]]] = {"clip": (2, 12), "music": (10, 300), "effect": (1, 30)}
_LETTERS_A_SECOND: Final = (20, 10)  # of speech
_LETTERS_A_TOKEN: Final = (5, 2)
_LETTERS: Final = 3  # that one Chinese, Japanese or Korean character stands for, spoken and in tokens
_FILM: Final = (30, 300)  # seconds, of a script that names no length
_SCRIPT: Final = (8, 60)  # tokens of a script for a second of film
_IMAGE: Final = (Decimal(200), Decimal(7100))  # tokens of an image of 1024x1024, from low to high quality
_THOUGHT: Final = 8000  # tokens that a model may think before it writes; they are paid as if written
_MEGAPIXELS: Final = (1, 2)  # of the sizes that models choose themselves
_NONSENSE: Final = 10**12  # an amount beyond it was not meant
_FINEST: Final = Decimal("1E-10")  # USD


def charge(price: Price, generation: Generation, usage: Mapping[str, Any]) -> Range:
    """From and up to how many USD, by the amounts that `usage` tells, and where it tells none by those foreseen."""
    if price.unit == "token":
        sent = _times(_told(usage, "input_tokens") or _sent(generation), price.input)
        tokens = _told(usage, "output_tokens")
        if tokens is None and price.images:
            made = _by_size(price, generation)
        else:
            made = _times(tokens or _made(price, generation), price.output)
        low, high = sent[0] + made[0], sent[1] + made[1]
    else:
        low, high = _times(_amount(price, generation, usage), price.rate(generation))
    return low.quantize(_FINEST, ROUND_HALF_EVEN), high.quantize(_FINEST, ROUND_HALF_EVEN)


def _amount(price: Price, generation: Generation, usage: Mapping[str, Any]) -> Range:
    """How many characters, seconds, runs or images."""
    match price.unit:
        case "character":
            return _told(usage, "characters") or _exactly(len(generation.prompt))
        case "second":
            return _told(usage, "seconds") or _seconds(generation)
        case "run":
            return _told(usage, "runs") or _exactly(1)
    count = _told(usage, "images") or _exactly(_images(generation))
    if not price.rounded:
        return count
    if generation.width and generation.height:
        return _times(count, _exactly(math.ceil(generation.width * generation.height / 1_000_000)))
    return _times(count, (Decimal(_MEGAPIXELS[0]), Decimal(_MEGAPIXELS[1])))


def _by_size(price: Price, generation: Generation) -> Range:
    """The vendor's figures for the size that is asked and its quality, all of them where that is left open.

    Of a size without a figure, those of the next smaller and the next larger one; beyond the largest, by area.
    """
    areas = sorted({width * height for width, height in price.images})
    beyond = Decimal(1)
    if generation.width and generation.height:
        size = size_for(generation.model, generation.width, generation.height)
        area = size[0] * size[1]
        beyond = max(beyond, Decimal(area) / areas[-1])
        areas = [one for one in areas if one <= area][-1:] + [one for one in areas if one >= area][:1]
        figures = [price.images[size]] if size in price.images else []
    else:
        figures = []
    figures = figures or [by for (width, height), by in price.images.items() if width * height in areas]
    quality = str(generation.options.get("quality", ""))
    found = [by[quality] for by in figures if quality in by] or [usd for by in figures for usd in by.values()]
    return _times(_exactly(_images(generation)), (min(found), max(found) * beyond))


def _sent(generation: Generation) -> Range:
    """Tokens of what is asked."""
    schema = "" if generation.schema is None else str(generation.schema)
    letters = Decimal(_letters(generation.prompt + generation.system + schema))
    return letters / _LETTERS_A_TOKEN[0], letters / _LETTERS_A_TOKEN[1] + 100


def _made(price: Price, generation: Generation) -> Range:
    """Tokens of what is made: of speech by the time it takes, of an image by its area, of a script by its film."""
    if price.tokens_per_second is not None:
        return _times(_seconds(generation), (price.tokens_per_second, price.tokens_per_second))
    if generation.kind == "image":
        pixels = Decimal((generation.width or 1024) * (generation.height or 1024))
        one = _times(_IMAGE, (pixels / 1024**2, max(Decimal(1), pixels / 1024**2)))
        return _times(_exactly(_images(generation)), one)
    short, long = _FILM if generation.seconds is None else (generation.seconds, generation.seconds)
    low = _exactly(short)[0] * _SCRIPT[0]
    high = _exactly(long)[1] * _SCRIPT[1] + _THOUGHT
    limit = _told(generation.options, "max_completion_tokens") or _told(generation.options, "max_tokens")
    return (min(low, limit[0]), min(high, limit[1])) if limit else (low, high)


def _seconds(generation: Generation) -> Range:
    """How long what is made, said or listened to lasts."""
    if generation.seconds is not None:
        return _exactly(generation.seconds)
    if generation.kind in ("speech", "words"):
        letters = Decimal(_letters(generation.prompt))
        speed = _told(generation.options, "speed") if generation.kind == "speech" else None
        slower = max(Decimal("0.1"), speed[0]) if speed else Decimal(1)
        return letters / _LETTERS_A_SECOND[0] / slower, (letters / _LETTERS_A_SECOND[1] + 1) / slower
    low, high = _SECONDS.get(generation.kind, (1, 60))
    return Decimal(low), Decimal(high)


def _letters(text: str) -> int:
    """The length of a text in Latin letters."""
    return sum(_LETTERS if east_asian_width(character) in "WF" else 1 for character in text)


def _images(generation: Generation) -> int:
    for name in ("n", "num_outputs", "num_images"):
        count = _told(generation.options, name)
        if count and count[0] >= 1:
            return math.ceil(count[0])
    return 1


def _told(amounts: Mapping[str, Any], name: str) -> Range | None:
    """An amount that was told; None for what is no amount, so that nothing is free by mistake."""
    value = amounts.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return _exactly(value) if 0 <= value <= _NONSENSE else None


def _exactly(amount: float | Decimal) -> Range:
    exact = Decimal(str(amount))
    return exact, exact


def _times(one: Range, other: Range) -> Range:
    return one[0] * other[0], one[1] * other[1]
