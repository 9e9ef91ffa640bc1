"""Money: what a generation will cost and did cost, what a project may spend, and how amounts are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fnmatch import fnmatchcase
from typing import Any

from vbmake.providers.charge import charge
from vbmake.providers.price import Price, read_prices, table
from vbmake.providers.types import Generation
from vbmake.services import SERVICES


@dataclass(frozen=True, slots=True)
class Estimate:
    """From and up to how many USD; None where no price is known. `date` (ISO 8601) and `source` are the price's."""

    low: Decimal | None
    high: Decimal | None
    unit: str = ""
    source: str = ""
    date: str = ""

    def __str__(self) -> str:
        return told_range(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a project may spend, in USD: in its whole life, in one run, and above which sum it asks first.

    `unpriced` allows models whose price is not known; without it, a limit refuses them.
    """

    total: Decimal | None = None
    run: Decimal | None = None
    confirm: Decimal | None = None
    unpriced: bool = False

    @property
    def limited(self) -> bool:
        """Whether there is a sum that must not be exceeded."""
        return self.total is not None or self.run is not None


class Prices:
    """The prices that hold for a project: its own first, then vbmake's; by exact name first, then by pattern."""

    def __init__(self, own: Sequence[Price] = ()) -> None:
        self._own = tuple(own)

    @classmethod
    def load(cls, overrides: Sequence[Mapping[str, Any]] = ()) -> Prices:
        """vbmake's prices with a project's `prices:` before them, each {service, model, unit, price, per}.

        `price` is in USD for one unit, or for `per` of them; tokens may have `input` and `output` instead, or a row of
        the unit input_token and one of output_token. Service and model may be patterns (fnmatch). 0 is a price: a
        server of one's own. Raises ValueError, which says which row is wrong, what was found and what is allowed.
        """
        if isinstance(overrides, (str, Mapping)) or not isinstance(overrides, Sequence):
            raise ValueError("prices: a list is needed, each {service, model, unit, price}")
        return cls(read_prices(overrides))

    def find(self, generation: Generation) -> Price | None:
        """The row that holds for a generation; None when it is unpriced."""
        models = _names(generation)
        for rows in (self._own, table()):
            known = [row for row in rows if fnmatchcase(generation.service, row.service)]
            for model in models:
                for row in known:
                    if model in row.models:
                        return row
            fitting = [
                (len(pattern), -index, row)
                for index, row in enumerate(known)
                for pattern in row.models
                if any(fnmatchcase(model, pattern) for model in models)
            ]
            if fitting:
                return max(fitting, key=lambda found: found[:2])[2]  # the closest pattern, the first of its like
        return None

    def estimate(self, generation: Generation) -> Estimate:
        """What a generation will cost. `high` is what a budget must hold ready for it."""
        price = self.find(generation)
        if price is None:
            return Estimate(None, None)
        low, high = charge(price, generation, {})
        return Estimate(low, high, price.unit, price.source, price.date)

    def cost(self, generation: Generation, usage: Mapping[str, float]) -> Decimal | None:
        """What a generation did cost, by the amounts that the service told (Ready.usage); None when it is unpriced.

        What the service left open counts as in the estimate, at its upper end: never as nothing.
        """
        price = self.find(generation)
        return None if price is None else charge(price, generation, usage)[1]


def add_up(estimates: Iterable[Estimate]) -> Estimate:
    """The sum of those that have a price; unpriced when none has."""
    known = [(one.low, one.high) for one in estimates if one.low is not None and one.high is not None]
    if not known:
        return Estimate(None, None)
    return Estimate(sum((low for low, _ in known), Decimal(0)), sum((high for _, high in known), Decimal(0)))


def told(amount: Decimal | None) -> str:
    """`12.50 USD`, `0.04 USD`, `0.0031 USD`, `unpriced`: at least cents, and two digits that count."""
    return "unpriced" if amount is None else f"{_digits(amount)} USD"


def told_range(low: Decimal | None, high: Decimal | None) -> str:
    """`0.02-0.08 USD`; one amount where both read alike."""
    if low is None or high is None:
        return told(high if low is None else low)
    first, last = _digits(low), _digits(high)
    return f"{last} USD" if first == last else f"{first}-{last} USD"


def _digits(amount: Decimal) -> str:
    if not amount:
        return "0"
    places = max(2, 1 - amount.adjusted())
    text = f"{amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    while text[-1] == "0" and len(text.partition(".")[2]) > 2:
        text = text[:-1]
    return text


def _names(generation: Generation) -> tuple[str, ...]:
    """The names under which a model may stand in a table: as it is asked for, and without its pinned version."""
    service = SERVICES.get(generation.service)
    model = generation.model or (service.models.get(generation.kind, "") if service is not None else "")
    name, colon, _ = model.partition(":")
    return (model, name) if colon else (model,)
