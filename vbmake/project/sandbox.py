"""Jinja2's sandbox, closed further: the only filters, tests and methods of expressions, bounded in what they make."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vbmake.project.words import slug

MAX_TEXT = 100_000
MAX_LIST = 10_000
MAX_WORK = 1_000_000

_TEXT_METHODS = """upper lower title capitalize strip lstrip rstrip split startswith endswith removeprefix removesuffix
count find isdigit"""
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT_METHODS.split()),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"index", "count"}),
}


class TemplateError(ValueError):
    """An expression cannot be evaluated; says why, and what to do next."""

    def __init__(self, message: str, hint: str = "", allowed: str = "") -> None:
        self.hint = hint
        self.allowed = allowed
        super().__init__(message)


class UndefinedName(Exception):
    def __init__(self, name: str, owner: Any) -> None:
        self.name = name
        self.owner = owner


class Undefined(jinja2.StrictUndefined):
    """Tells its name when it is used, so that the nearest right word can be told."""

    def _fail(self, *_args: Any, **_kwargs: Any) -> Any:
        if self._undefined_exception is not jinja2.UndefinedError:
            raise self._undefined_exception(self._undefined_message)
        raise UndefinedName(str(self._undefined_name), self._undefined_obj)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = _fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _fail
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pos__ = __neg__ = __call__ = __getitem__ = _fail
    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = _fail

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._fail()


def check_text(length: int) -> None:
    if length > MAX_TEXT:
        raise TemplateError("the expression makes a text that is too long", allowed=f"{MAX_TEXT:,} characters")


def check_list(length: int) -> None:
    if length > MAX_LIST:
        raise TemplateError("the expression makes a list that is too long", allowed=f"{MAX_LIST:,} items")


def to_text(value: Any) -> str:
    """How a value reads inside a text. Lists and mappings have no reading: a filter must choose one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, jinja2.Undefined):
        return str(value)
    if isinstance(value, str | int | float):
        return str(value)
    kind = "a mapping" if isinstance(value, Mapping) else "a list"
    raise TemplateError(
        f"{kind} cannot stand inside a text", hint='choose a part of it, or use {{ names | join(", ") }}'
    )


def _join(value: Any, separator: str = "", attribute: str | int | None = None) -> str:
    parts: list[str] = []
    length = 0
    for item in value:
        part = to_text(item if attribute is None else _part(item, attribute))
        length += len(part) + len(separator)
        check_text(length)
        parts.append(part)
    return separator.join(parts)


def _part(item: Any, attribute: str | int) -> Any:
    if isinstance(item, Mapping) and attribute in item:
        return item[attribute]
    raise UndefinedName(str(attribute), item)


def _map(value: Any, attribute: str | int) -> list[Any]:
    return [_part(item, attribute) for item in value]


def _replace(value: Any, old: str, new: str) -> str:
    text, old, new = to_text(value), to_text(old), to_text(new)
    check_text(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new)


def _round(value: float, digits: int = 0) -> float | int:
    if not -12 <= digits <= 12:
        raise TemplateError("round takes at most 12 digits")
    return round(value, digits) if digits > 0 else int(round(value, digits))


def _pad(value: Any, width: int, fill: str = "0") -> str:
    if not 0 <= width <= 100 or len(fill) != 1:
        raise TemplateError("pad takes a width of at most 100 and one character")
    return to_text(value).rjust(width, fill)


def _sum(value: Any, attribute: str | int | None = None) -> int | float:
    total: int | float = 0
    for item in value:
        total += item if attribute is None else _part(item, attribute)
    return total


def _number(value: Any) -> int | float:
    return float(value) if isinstance(value, str) and re.search(r"[.eE]", value) else int(value)


_OWN_FILTERS: dict[str, Callable[..., Any]] = {
    "join": _join,
    "map": _map,
    "replace": _replace,
    "round": _round,
    "pad": _pad,
    "slug": lambda value: slug(to_text(value)),
    "string": to_text,
    "_slice": lambda value: value,
    "sum": _sum,
    "number": _number,
}
_JINJA_FILTERS = """abs capitalize count d default dictsort first float groupby int items last length list lower max min
reject rejectattr reverse select selectattr sort title trim truncate unique upper wordcount"""
_TESTS = """boolean defined divisibleby eq equalto even false float ge gt in
integer iterable le lower lt mapping ne none
number odd sequence string true undefined upper greaterthan lessthan"""


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, closed further: what is not listed in this file does not exist."""

    intercepted_binops = frozenset({"*", "%", "+"})

    def __init__(self) -> None:
        super().__init__(
            undefined=Undefined,
            keep_trailing_newline=True,
            finalize=to_text,
            comment_start_string="\x02{#",
            comment_end_string="#}\x02",
            cache_size=0,
        )
        self.work = 0
        filters = {name: self.filters[name] for name in _JINJA_FILTERS.split()} | _OWN_FILTERS
        self.filters = {name: self._charged(function) for name, function in filters.items()}
        self.tests = {name: self.tests[name] for name in _TESTS.split()}
        self.globals = {"range": _range}

    def charge(self, value: Any) -> Any:
        """Count the size of something an expression made; what one expression makes is bounded."""
        if isinstance(value, str | list | tuple):
            self.work += len(value)
            if self.work > MAX_WORK:
                raise TemplateError("the expression makes too much on its way", hint="split it into smaller ones")
        return value

    def _charged(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def charged(*args: Any, **kwargs: Any) -> Any:
            return self.charge(function(*args, **kwargs))

        return charged

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return self.charge(super().call(context, obj, *args, **kwargs))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A mapping's own key comes before its methods, so that a column may be called `items`."""
        if isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
            if attribute not in _METHODS[dict]:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return any(isinstance(obj, kind) and attr in names for kind, names in _METHODS.items())

    def is_safe_callable(self, obj: Any) -> bool:
        if obj is _range or isinstance(obj, Undefined):
            return True
        owner = getattr(obj, "__self__", None)
        name = getattr(obj, "__name__", "")
        return any(isinstance(owner, kind) and name in names for kind, names in _METHODS.items())

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and not isinstance(left, int | float):
            raise TemplateError("% works on numbers", hint="join texts with ~")
        if operator == "*":
            return self.charge(_multiply(left, right))
        if operator == "+":
            return self.charge(_add(left, right))
        return super().call_binop(context, operator, left, right)


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, int):
        check_text(len(left) * max(right, 0))
        return str(left) * right
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TemplateError("* works on numbers")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > 512:
        raise TemplateError("the number is too large")
    return left * right


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        check_text(len(left) + len(right))
    elif isinstance(left, list) and isinstance(right, list):
        check_list(len(left) + len(right))
    elif not (isinstance(left, int | float) and isinstance(right, int | float)):
        raise TemplateError("+ works on two numbers, two texts or two lists", hint="join texts and numbers with ~")
    return left + right


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if numbers[MAX_LIST:]:
        check_list(MAX_LIST + 1)
    return list(numbers)
