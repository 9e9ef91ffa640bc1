"""The reference of the rules in docs/rules.md, written from the rule files themselves.

`python -m vbmake.rules.reference docs/rules.md` brings the page up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vbmake.rules.load import RuleBook, load_rules
from vbmake.rules.model import Rule
from vbmake.rules.options import REQUIRED, Option

BEGIN: Final = "<!-- written by vbmake.rules.reference: begin -->"
END: Final = "<!-- written by vbmake.rules.reference: end -->"


def describe_rules(book: RuleBook) -> str:
    """Every rule in Markdown: those a film names with `make:` with all their options, then the pipeline's own."""
    named = [rule for rule in book if rule.options is not None and rule.name != "speech"]
    pipeline = [rule for rule in book if rule not in named]
    parts = [text for rule in named for text in _rule(rule)]
    parts += ["### The pipeline", "These rules make the film itself; a declaration does not name them."]
    rows = [f"| `{rule.name}` | {rule.about} | {_makes(rule)} |" for rule in pipeline]
    parts.append("\n".join(["| rule | what it does | makes |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def update(page: str, book: RuleBook) -> str:
    """The text of docs/rules.md with its reference as the rules are now. Raises ValueError when its marks are gone."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{describe_rules(book)}\n\n{END}{after}"


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}"
    yield rule.about
    example = ", ".join(
        [f"make: {rule.name}", *(f"{role}: ..." for role, arity in rule.reads.items() if arity == "file")]
    )
    facts = [f"`- {{{example}}}` makes {_makes(rule)}."]
    if rule.needs:
        facts.append("Needs " + ", ".join(f"`{name}`" for name in rule.needs) + ".")
    yield " ".join(facts)
    rows = [f"| `{role}` | {arity} | {_role(rule, role)} | |" for role, arity in rule.reads.items()]
    for name, option in (rule.options or {}).items():
        rows.append(f"| `{name}` | {_cell(option.allowed())} | {_default(option)} | {_cell(option.description)} |")
    if rows:
        yield "\n".join(["| say | what | without it | meaning |", "|---|---|---|---|", *rows])


def _makes(rule: Rule) -> str:
    return ", ".join("`." + "` or `.".join(extensions) + "`" for extensions in rule.extensions.values())


def _role(rule: Rule, role: str) -> str:
    if rule.reads[role] == "file":
        return "required"
    return "the machine's" if role in rule.defaults else "none"


def _default(option: Option) -> str:
    if option.default is REQUIRED:
        return "required"
    return "" if option.default in (None, "", []) else f"`{_cell(json.dumps(option.default, ensure_ascii=False))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Bring the page that is named up to date."""
    if len(arguments) != 1:
        print("usage: python -m vbmake.rules.reference docs/rules.md", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    path.write_text(update(path.read_text(encoding="utf-8"), load_rules()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
