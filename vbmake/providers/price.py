"""One row of a table of prices, and how it is read: from vbmake's own prices.yaml or from a project's `prices:`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from vbmake.providers.types import Generation

Unit = Literal["token", "character", "image", "second", "run"]
Range = tuple[Decimal, Decimal]

UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
TABLE: Final = Path(__file__).with_name("prices.yaml")
_HALVES: Final = ("input_token", "output_token")
_LARGEST: Final = 10**9  # USD, or units: beyond it stands a slip
_KEYS: Final = ("service", "model", "unit", "price", "input", "output", "per", "date", "source")
_TABLE_KEYS: Final = (*_KEYS, "choice", "images", "rounded", "tokens_per_second")


@dataclass(frozen=True, slots=True)
class Price:
    """One row. Rates are ranges in USD a unit: (p, p) where there is one price.

    `models` are names or patterns (fnmatch), `service` may be a pattern, too. Tokens have a rate for what is sent
    (`input`) and one for what is made (`output`); `images` are the vendor's own figures by size (px) and quality,
    `tokens_per_second` is how much speech they make. With a `choice`, the rate hangs on that option of the model
    (`choices`). `rounded`: an image is charged by whole megapixels.
    """

    service: str
    models: tuple[str, ...]
    unit: Unit
    output: Range
    input: Range = (Decimal(0), Decimal(0))
    choice: str = ""
    choices: Mapping[str, Decimal] = field(default_factory=dict)
    images: Mapping[tuple[int, int], Mapping[str, Decimal]] = field(default_factory=dict)
    rounded: bool = False
    tokens_per_second: Decimal | None = None
    date: str = ""
    source: str = ""

    def rate(self, generation: Generation) -> Range:
        """USD for one unit of what is made, as this generation asks for it."""
        asked = self.choices.get(str(generation.options.get(self.choice, "")))
        return self.output if asked is None else (asked, asked)


@cache
def table() -> tuple[Price, ...]:
    """vbmake's own prices."""
    import yaml

    rows = yaml.safe_load(TABLE.read_text("utf-8"))
    return tuple(read_price(row, f"{TABLE.name}[{index}]", own=False) for index, row in enumerate(rows))


def read_price(row: Any, where: str, *, own: bool = True) -> Price:
    """A row as YAML has it. `own`: of a project, which says less. Raises ValueError, whose text begins with `where`."""
    if not isinstance(row, Mapping):
        raise ValueError(f"{where}: a price has a service, a model, a unit and a price, found {_shown(row)}")
    keys = _KEYS if own else _TABLE_KEYS
    for key in row:
        if key not in keys:
            raise ValueError(f"{where}.{key}: there is no such key; allowed: {', '.join(keys)}")
    models: list[Any] = row["model"] if isinstance(row.get("model"), list) else [row.get("model")]
    for key, names in (("service", [row.get("service")]), ("model", models)):
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f'{where}.{key}: a name or a pattern such as "kokoro*", found {_shown(row.get(key))}')
    if row.get("unit") not in UNITS:
        raise ValueError(f"{where}.unit: one of {', '.join(UNITS)}, found {_shown(row.get('unit'))}")
    row = {key: value for key, value in row.items() if value is not None}
    sent, made, choices = _rates(row, where, _per(row, where))
    images = {
        _size(size): {name: decimal(usd) for name, usd in by.items()} for size, by in row.get("images", {}).items()
    }
    return Price(
        service=row["service"],
        models=tuple(models),
        unit=row["unit"],
        output=made,
        input=sent,
        choice=str(row.get("choice", "")),
        choices=choices,
        images=images,
        rounded=bool(row.get("rounded", False)),
        tokens_per_second=decimal(row["tokens_per_second"]) if "tokens_per_second" in row else None,
        date=str(row.get("date", "")),
        source=str(row.get("source", "the project")),
    )


def read_prices(rows: Sequence[Any]) -> list[Price]:
    """A project's rows. What one row says of an input_token and another of an output_token is one price of tokens.

    Raises ValueError, whose text begins with the row: `prices[2].unit: ...`.
    """
    prices: list[Price] = []
    halves: dict[tuple[str, str], dict[str, tuple[str, Price]]] = {}
    for index, row in enumerate(rows):
        where = f"prices[{index}]"
        if isinstance(row, Mapping) and row.get("unit") in _HALVES:
            half = read_price({**row, "unit": "token"}, where)
            halves.setdefault((half.service, str(half.models)), {})[row["unit"]] = (where, half)
        else:
            prices.append(read_price(row, where))
    for pair in halves.values():
        for unit in _HALVES:
            if unit not in pair:
                (other, (where, half)), *_ = pair.items()
                name = f"{half.service} {', '.join(half.models)}"
                raise ValueError(
                    f"{where}: {name} has a price for an {other} and none for an {unit}; 0 is a price, too"
                )
        prices.append(replace(pair["output_token"][1], input=pair["input_token"][1].input))
    return prices


def decimal(value: object) -> Decimal:
    """An amount from 0 to 10^9, from a number or its text. Raises ValueError."""
    if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value).strip() if isinstance(value, (float, str)) else value)
        except InvalidOperation:
            pass
        else:
            if amount.is_finite() and 0 <= amount <= _LARGEST:
                return amount
    raise ValueError(f"a number of 0 or more is needed, found {_shown(value)}")


def _per(row: Mapping[str, Any], where: str) -> Decimal:
    """For how many units the price stands."""
    per = _amount(row.get("per", 1), f"{where}.per")
    if not per:
        raise ValueError(f"{where}.per: a number of units above 0 is needed, found 0")
    return per


def _rates(row: Mapping[str, Any], where: str, per: Decimal) -> tuple[Range, Range, Mapping[str, Decimal]]:
    """The rates for what is sent and for what is made, and those that hang on a choice."""
    nothing = (Decimal(0), Decimal(0))
    split = row["unit"] == "token" and "price" not in row
    for key in ("input", "output") if split else ("price",):
        if key not in row:
            either = "a price, or one for input and one for output" if split else "a price"
            raise ValueError(f"{where}: {row['unit']}s need {either}; {key} is missing")
    if split:
        return _range(row["input"], f"{where}.input", per), _range(row["output"], f"{where}.output", per), {}
    for key in ("input", "output"):
        if key in row:
            raise ValueError(f"{where}.{key}: only tokens have it, and then instead of a price")
    if "choice" in row:
        choices = {str(name): _amount(usd, f"{where}.price.{name}") / per for name, usd in row["price"].items()}
        return nothing, (min(choices.values()), max(choices.values())), choices
    made = _range(row["price"], f"{where}.price", per)
    return (made if row["unit"] == "token" else nothing), made, {}


def _range(value: object, where: str, per: Decimal) -> Range:
    """A rate: a number, or [from, to] where it hangs on the user's plan."""
    if isinstance(value, list) and len(value) == 2:
        low, high = sorted(_amount(one, where) / per for one in value)
        return low, high
    rate = _amount(value, where) / per
    return rate, rate


def _amount(value: object, where: str) -> Decimal:
    try:
        return decimal(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
