"""Do a job by a rule's command: its arguments rendered one by one, its programs run in private surroundings.

What a project says can never become an option of a program. An argument that begins with an expression and turns out to
begin with "-" is refused, unless it is a number or stands after "--"; files are always given as absolute paths. A rule
that wants free text writes `--text={{ text }}`, or puts it after "--".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vbmake import process
from vbmake.document.node import List, Map, Node, Problems, Scalar
from vbmake.errors import FatalError, JobError
from vbmake.rules.environment import SCRATCH, private_environment
from vbmake.rules.model import Each, Item, Rule, Step, When
from vbmake.rules.tools import find_tool, own_file
from vbmake.rules.work import Work

DEFAULT_TIMEOUT: Final = 3600.0
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?\Z")


class FilePath:
    """A file as a command sees it: itself is the absolute path, `stem` that without its extension."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    def __str__(self) -> str:
        return str(self._path)

    @property
    def stem(self) -> str:
        return str(self._path.with_suffix(""))

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def extension(self) -> str:
        return self._path.suffix.removeprefix(".")

    @property
    def parent(self) -> FilePath:
        return FilePath(self._path.parent)


class _Refused(Exception):
    """An argument that cannot be given to a program."""


def _finalize(value: Any) -> Any:
    """How a value is written into an argument: whole floats as integers, true and false in small letters."""
    if value is None:
        raise _Refused("a value that is null was written; ask for it with {if: name, then: [...]}")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list | tuple | Mapping):
        raise _Refused("a list cannot be one argument; use {each: name}, or `| join(',')`")
    return value


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, finalize=_finalize, autoescape=False, keep_trailing_newline=True
)


def render_command(
    rule: Rule,
    options: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Path]],
    outputs: Mapping[str, Path],
    scratch: Path,
) -> list[list[str]]:
    """The steps of a job as argument lists, each beginning with the absolute path of its program.

    `options` are complete (after defaults). Expressions see them by name, and files by role: one, a list for a role
    that reads `files`, null for an optional file that is not there; `scratch` is a private directory. Raises FatalError
    for an argument that cannot be rendered or would become an option, MissingTool for a program that is not here.
    """
    values: dict[str, Any] = dict(options)
    for role, arity in rule.reads.items():
        files: list[Any] = [FilePath(path) for path in inputs.get(role, ())]
        if not files and role in rule.defaults:
            files = [FilePath(Path(find_tool(role)))]
        values[role] = files if arity == "files" else (files[0] if files else None)
    values |= {role: FilePath(path) for role, path in outputs.items()}
    values["scratch"] = FilePath(scratch)
    return [_render_step(rule, step, values) for step in rule.command]


def _render_step(rule: Rule, step: Step, values: Mapping[str, Any]) -> list[str]:
    rendered = [_program(rule, str(step[0]))]
    free = False  # after "--" a program takes nothing for an option
    for source, text in _expand(rule, step[1:], values):
        if "\0" in text:
            raise FatalError(f"{rule.name}: an argument holds a NUL character; no program can be given one")
        if text.startswith("-") and source.startswith("{") and not free and not _NUMBER.match(text):
            raise FatalError(
                f"{rule.name}: {text!r} begins with '-' and would be taken for an option of {step[0]}; "
                "put something before it, or let the rule give it after '--'"
            )
        free = free or source == "--"
        rendered.append(text)
    return rendered


def _program(rule: Rule, name: str) -> str:
    return str(own_file(rule, name)) if name.startswith("./") else find_tool(name)


def _expand(rule: Rule, items: Sequence[Item], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each argument with the source it was rendered from, conditions and lists resolved."""
    found: list[tuple[str, str]] = []
    for item in items:
        if isinstance(item, When):
            chosen = item.then if _evaluate(rule, item.condition, values) else item.otherwise
            found += _expand(rule, chosen, values)
        elif isinstance(item, Each):
            found += [("{each}", str(_finalize(value))) for value in values[item.name]]
        elif item.startswith("./"):
            found.append((item, str(own_file(rule, item))))
        else:
            found.append((item, _render(rule, item, values)))
    return found


def _render(rule: Rule, text: str, values: Mapping[str, Any]) -> str:
    return text if "{" not in text else str(_guard(rule, text, lambda: _template(text).render(values)))


def _evaluate(rule: Rule, condition: str, values: Mapping[str, Any]) -> bool:
    def evaluate() -> bool:
        return bool(_expression(condition)(**values))

    return bool(_guard(rule, condition, evaluate))


@functools.lru_cache(maxsize=1024)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)  # (compiling one takes longer than starting a program)


@functools.lru_cache(maxsize=1024)
def _expression(condition: str) -> Callable[..., Any]:
    return _ENVIRONMENT.compile_expression(condition, undefined_to_none=False)


def _guard(rule: Rule, text: str, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (TemplateError, _Refused, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FatalError(f"the rule {rule.name} cannot be applied: {text!r}: {error}") from None


def run_command(rule: Rule, work: Work) -> None:
    """Run every step of a rule's command in the job's directory, then see that each output was made.

    Programs get a clean environment (`private_environment`) and the rule's timeout for each step. Raises JobError,
    FatalError or MissingTool.
    """
    scratch = work.directory / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    steps = render_command(rule, work.options, work.inputs, work.outputs, scratch)
    environment = private_environment(work.directory, machine_fonts="fonts" in rule.needs)
    told: list[str] = []

    def listen(line: str) -> None:
        work.log(line)
        if rule.fails and re.search(rule.fails, line):
            told.append(line.strip())

    for number, args in enumerate(steps):
        work.progress(number, len(steps))
        work.log("$ " + " ".join(args))
        timeout = rule.timeout or DEFAULT_TIMEOUT
        process.run(args, cwd=work.directory, env=environment, log=listen, on_line=listen, timeout=timeout)
        if told:
            raise JobError(f"{rule.command[number][0]} failed:\n" + "\n".join(f"    {line}" for line in told[:8]))
    work.progress(len(steps), len(steps))
    check_outputs(rule.name, work)


def check_outputs(name: str, work: Work) -> None:
    """See that each output of a job is a file with something in it. Raises JobError."""
    for role, path in work.outputs.items():
        if not path.is_file():
            raise JobError(f"{name} ended without an error, but made no {role} ({path.name}); see its log")
        if not path.stat().st_size:
            raise JobError(f"{name} ended without an error, but its {role} ({path.name}) is empty; see its log")


def check_command(rule: Rule, node: Node, problems: Problems) -> None:
    """Note what cannot work in a command: syntax, unknown names, programs and own files that are not in `needs`."""
    known = {*(rule.options or {}), *rule.reads, *rule.makes, "scratch"}
    used: set[str] = set()
    for step in rule.command:
        program = step[0] if step else ""
        if not isinstance(program, str) or "{" in program or not program:
            problems.add(node, "a step begins with its program", found=str(program), allowed="a name that is in needs")
        elif program != "python" and program not in rule.needs:
            where = _where(node, program)
            problems.add(where, "the program is not in needs", found=program, hint=f"needs: [{program}]")
        used |= _check_items(rule, step[1:], known, node, problems)
    if rule.options is not None:
        for role in rule.makes:
            if role not in used:
                problems.add(node, f"the command never says where {role!r} is to be made", hint=f'"{{{{ {role} }}}}"')


def _check_items(rule: Rule, items: Sequence[Item], known: set[str], node: Node, problems: Problems) -> set[str]:
    used: set[str] = set()
    for item in items:
        if isinstance(item, When):
            used |= _names("{{ " + item.condition + " }}", item.condition, node, problems)
            used |= _check_items(rule, (*item.then, *item.otherwise), known, node, problems)
        elif isinstance(item, Each):
            option = (rule.options or {}).get(item.name)
            if rule.reads.get(item.name) != "files" and (option is None or option.type != "array"):
                allowed = "a role that reads files, or an array option"
                problems.add(_where(node, item.name), "there is nothing to repeat", found=item.name, allowed=allowed)
        elif item.startswith("./") and item not in rule.needs:
            hint = f"needs: [{item}]: then a change of it is noticed"
            problems.add(_where(node, item), "the rule's own file is not in needs", found=item, hint=hint)
        elif "{" in item:
            used |= _names(item, item, node, problems)
    for name in sorted(used - known):
        allowed = ", ".join(sorted(known))
        problems.add(_where(node, name), "the command uses an unknown name", found=name, allowed=allowed)
    return used & known


def _names(template: str, written: str, node: Node, problems: Problems) -> set[str]:
    try:
        return set(meta.find_undeclared_variables(_ENVIRONMENT.parse(template)))
    except TemplateError as error:
        problems.add(_where(node, written), f"this is no Jinja expression: {error}", found=written)
        return set()


def _where(node: Node, text: str) -> Node:
    """The first scalar below `node` that holds `text`, else the node itself."""
    if isinstance(node, Scalar):
        return node
    children = node.items.values() if isinstance(node, Map) else node.items if isinstance(node, List) else ()
    for child in children:
        inner = _where(child, text)
        if isinstance(inner, Scalar) and text in inner.raw:
            return inner
    return node
