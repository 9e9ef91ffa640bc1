"""Data for templates: rows of a CSV file, or what a JSON or YAML file holds. Numbers remember how they were written."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any, NoReturn

from vbmake.document.node import Problems, WrittenFloat, WrittenInt, repr_text, scope_value, shorten
from vbmake.document.yaml_reader import DATA, number, read_yaml
from vbmake.errors import Place, Problem, ProjectError

TYPES = (".csv", ".tsv", ".json", ".yaml", ".yml")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?\Z")


def read_data(path: Path, file: str) -> Any:
    """What a data file holds: a list of dicts for CSV (one a row), any value for JSON and YAML.

    A cell of a CSV is a number where it is written as one (`12`, `-2.50`; not `007`), else text. Raises ProjectError.
    """
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        raise _wrong(file, "data is a CSV, JSON or YAML file", found=suffix or file, allowed=" ".join(TYPES))
    content = path.read_bytes()
    if len(content) > DATA.bytes:
        raise _wrong(file, f"the file is too large: {len(content):,} bytes", allowed=f"at most {DATA.bytes:,} bytes")
    if suffix in (".yaml", ".yml"):
        problems = Problems()
        tree = read_yaml(content, file, problems, DATA)
        if problems:
            raise ProjectError(problems.found)
        return scope_value(tree)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise _wrong(file, "the file is not UTF-8 text", line, found=found, hint="save it as UTF-8") from None
    if "\0" in text:
        raise _wrong(file, "the file is not text: it holds a NUL character")
    return _json(text, file) if suffix == ".json" else _csv(text, file, "\t" if suffix == ".tsv" else "")


def _wrong(file: str, message: str, line: int = 0, column: int = 1, **more: str) -> ProjectError:
    return ProjectError([Problem(Place(file, line, column if line else 0), message, **more)])


def _json(text: str, file: str) -> Any:
    def constant(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number of JSON")

    def decimal(raw: str) -> float:
        value = float(raw)
        if not math.isfinite(value):
            raise ValueError(f"the number {shorten(raw)} is too large")
        return WrittenFloat(value, raw)

    try:
        return json.loads(
            text, parse_int=lambda raw: WrittenInt(int(raw), raw), parse_float=decimal, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        raise _wrong(file, f"this is not JSON: {error.msg}", error.lineno, error.colno) from None
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"this is not JSON: {shorten(str(error))}") from None


def _csv(text: str, file: str, delimiter: str) -> list[dict[str, Any]]:
    first = text.split("\n", 1)[0]
    if not delimiter:
        delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    problems = Problems()
    rows: list[dict[str, Any]] = []
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = _header(cells, file, reader.line_num, problems)
            elif len(cells) != len(names):
                place = Place(file, reader.line_num, 1)
                hint = "a cell that holds the separator needs double quotes" if len(cells) > len(names) else ""
                allowed = f"{len(names)}: {', '.join(names)}"
                message = "the row has another number of cells than the first line"
                problems.add(place, message, found=str(len(cells)), allowed=allowed, hint=hint)
            else:
                rows.append({name: _cell(cell) for name, cell in zip(names, cells, strict=True)})
    except csv.Error as error:
        raise _wrong(file, f"this is not CSV: {error}", reader.line_num) from None
    if not names:
        raise _wrong(file, "the file has no first line with the columns' names", 1)
    if problems:
        raise ProjectError(problems.found)
    return rows


def _header(cells: list[str], file: str, line: int, problems: Problems) -> list[str]:
    names = [cell.strip() for cell in cells]
    for column, name in enumerate(names, 1):
        if not name:
            problems.add(Place(file, line, 1), f"column {column} has no name")
        elif name in names[: column - 1]:
            problems.add(Place(file, line, 1), f"two columns are called {repr_text(shorten(name))}")
    return names


def _cell(cell: str) -> Any:
    return number(cell) if _NUMBER.match(cell) else cell
