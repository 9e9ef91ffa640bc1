"""Expressions in a declaration: Jinja2 in its sandbox, without statements that loop, and bounded in all they make.

Runaway templates are refused by construction: `{% for %}`, macros, assignments, includes and imports are no part of
the language (a list is repeated with `for:` in YAML), only the filters and methods named in `sandbox.py` exist, every
operator or filter that could make something large checks the size first, and what one project renders is bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError

from vbmake.project.sandbox import SandboxEnvironment, TemplateError, UndefinedName, check_list, check_text
from vbmake.project.words import nearest

__all__ = ["TemplateError", "Templates"]

MAX_TEMPLATE = 20_000
MAX_RENDERED = 10_000_000
_WEIGHT = 10  # what a value counts beside its characters
_STATEMENTS = "{{ value }}, {{ value | filter }}, {{ a if condition else b }} and {% if %} are understood"
_ALLOWED_NODES: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(
        nodes.Filter,
        nodes.Test,
        nodes.Call,
        nodes.Keyword,
        nodes.Compare,
        nodes.Operand,
        nodes.And,
        nodes.Or,
        nodes.Not,
    ),
    *(nodes.CondExpr, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
    *(nodes.Concat, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice, nodes.If),
)


class Templates:
    """Evaluates the expressions of one project; compiled templates are kept, and all that is rendered is counted."""

    def __init__(self) -> None:
        self._environment = SandboxEnvironment()
        self._compiled: dict[str, tuple[jinja2.Template, bool]] = {}
        self._rendered = 0

    def evaluate(self, text: str, scope: Mapping[str, Any]) -> Any:
        """The value of a text: a text, or any value where the whole text is one `{{ expression }}`.

        Raises TemplateError, with the nearest right word where a name is not defined.
        """
        if "{{" not in text and "{%" not in text:
            return text
        self._environment.work = 0
        try:
            template, native = self._compile(text)
            return self._value(template, scope) if native else self._text(template, scope)
        except UndefinedName as error:
            raise _undefined(error, scope) from None
        except TemplateError:
            raise
        except SecurityError:
            raise TemplateError("this is not allowed in an expression", allowed=_STATEMENTS) from None
        except jinja2.TemplateSyntaxError as error:
            raise _syntax(error, self._environment) from None
        except ZeroDivisionError:
            raise TemplateError("a division by zero") from None
        except RecursionError:
            raise TemplateError("the expression is nested too deeply") from None
        except (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
            raise TemplateError(f"the expression cannot be evaluated: {_reason(error)}") from None

    def _compile(self, text: str) -> tuple[jinja2.Template, bool]:
        if text not in self._compiled:
            self._compiled[text] = self._parse(text)
        return self._compiled[text]

    def _parse(self, text: str) -> tuple[jinja2.Template, bool]:
        if len(text) > MAX_TEMPLATE:
            message = "a text with expressions is too long"
            raise TemplateError(message, allowed=f"{MAX_TEMPLATE:,} characters")
        tree = self._environment.parse(text)
        _check(tree)
        if only := _only_expression(tree):
            store = nodes.Assign(nodes.Name("result", "store", lineno=1), only, lineno=1)
            tree = nodes.Template([store], lineno=1)
        _bound(tree)
        tree.set_environment(self._environment)
        return self._environment.from_string(tree), only is not None

    def _value(self, template: jinja2.Template, scope: Mapping[str, Any]) -> Any:
        context = template.new_context(dict(scope))
        for _ in template.root_render_func(context):
            pass
        value = context.vars["result"]
        if isinstance(value, jinja2.Undefined):
            str(value)
        return self._settle(value)

    def _text(self, template: jinja2.Template, scope: Mapping[str, Any]) -> str:
        parts: list[str] = []
        length = 0
        for part in template.root_render_func(template.new_context(dict(scope))):
            length += len(part)
            check_text(length)
            parts.append(part)
        self._count(length)
        return "".join(parts)

    def _settle(self, value: Any) -> Any:
        """The value as text, numbers, bools, None, lists and dicts; its size is counted."""
        if isinstance(value, float) and not math.isfinite(value):
            raise TemplateError("the number is too large")
        if value is None or isinstance(value, bool | int | float):
            self._count(_WEIGHT)
            return value
        if isinstance(value, str):
            check_text(len(value))
            self._count(len(value) + _WEIGHT)
            return str(value)
        if isinstance(value, Mapping):
            self._count(_WEIGHT)
            return {str(key): self._settle(item) for key, item in value.items()}
        if isinstance(value, Iterator):
            value = _drain(value)
        if isinstance(value, Sequence) or hasattr(value, "__iter__"):
            items = list(value)
            self._count(_WEIGHT)
            return [self._settle(item) for item in items]
        raise TemplateError("the expression gives no value that can be written", hint="call it, or choose a part of it")

    def _count(self, size: int) -> None:
        self._rendered += size
        if self._rendered > MAX_RENDERED:
            message = "the project's expressions make too much text in all"
            raise TemplateError(message, allowed=f"{MAX_RENDERED:,} characters")


def _drain(value: Iterator[Any]) -> list[Any]:
    items = []
    for item in value:
        items.append(item)
        check_list(len(items))
    return items


def _check(tree: nodes.Template) -> None:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, _ALLOWED_NODES):
            word = "**" if isinstance(node, nodes.Pow) else f"{{% {type(node).__name__.lower()} %}}"
            hint = "repeat a scene, a layer or any item of a list with `for: {name: ...}`" * isinstance(node, nodes.For)
            raise TemplateError(f"{word} is no part of expressions here", hint=hint, allowed=_STATEMENTS)
        if depth > 100:
            raise TemplateError("the expression is nested too deeply")
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _only_expression(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) == 1 and isinstance(output := tree.body[0], nodes.Output) and len(output.nodes) == 1:
        expression = output.nodes[0]
        return None if isinstance(expression, nodes.TemplateData) else expression
    return None


def _bound(node: nodes.Node) -> None:
    """Rewrite `a ~ b` as `[a, b] | join` and pass slices through a filter: filters are counted, these have no hook."""
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, name, _bounded(value))
        elif isinstance(value, list):
            value[:] = [_bounded(item) if isinstance(item, nodes.Node) else item for item in value]


def _bounded(node: nodes.Node) -> nodes.Node:
    _bound(node)
    if isinstance(node, nodes.Concat):
        items = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(items, "join", [], [], None, None, lineno=node.lineno)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        return nodes.Filter(node, "_slice", [], [], None, None, lineno=node.lineno)
    return node


def _undefined(error: UndefinedName, scope: Mapping[str, Any]) -> TemplateError:
    if isinstance(error.owner, Mapping):
        names = [str(key) for key in error.owner]
        message = f"there is no {error.name} in it"
    elif isinstance(error.owner, list):
        return TemplateError(f"there is no {error.name} in it: it is a list of {len(error.owner)}")
    elif isinstance(error.owner, str | int | float) or error.owner is None:
        return TemplateError(f"there is no {error.name} in it: it is no mapping")
    else:
        names = list(scope)
        message = f"the variable {error.name} is not defined"
    return TemplateError(
        message, hint=nearest(error.name, names), allowed=", ".join(names[:30]) or "nothing is defined"
    )


def _syntax(error: jinja2.TemplateSyntaxError, environment: jinja2.Environment) -> TemplateError:
    message = error.message or "this is no expression"
    if match := re.match(r"No (filter|test) named '(.+?)'", message):
        names = sorted(name for name in getattr(environment, f"{match[1]}s") if name[0] != "_")
        allowed = ", ".join(names)
        return TemplateError(f"there is no {match[1]} {match[2]}", hint=nearest(match[2], names), allowed=allowed)
    if "unknown tag" in message:
        return TemplateError(message, allowed=_STATEMENTS, hint="to show {% itself, write {{ '{%' }}")
    return TemplateError(f"this is no expression: {message}", hint="to show {{ itself, write {{ '{{' }}")


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return re.sub(r"\b(WrittenInt|WrittenFloat)\b", "number", re.sub(r"\bstr\b", "text", text))[:200]
