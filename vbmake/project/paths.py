"""Files that a declaration names: inside the project's directory, and really there."""

from __future__ import annotations

import difflib
import os
import re
import stat
from pathlib import Path

_SIMPLE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_ .-]{0,99}/){0,8}[A-Za-z0-9_-][A-Za-z0-9_ .-]{0,99}")  # and plain


class PathError(ValueError):
    """A path cannot be used; says why, and the nearest path that could be meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def project_file(root: Path, written: str, *, folder: str = "") -> Path:
    """The existing, non-empty file that `written` names below `root` (relative to `folder`, itself below root).

    Symbolic links are followed and must stay inside. Raises PathError.
    """
    return root / project_path(root, written, folder=folder)


class Folders:
    """Which folders lie in a project once links are followed; each is looked at once."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._real_root = f"{os.path.realpath(root)}/"
        self._inside: dict[str, bool] = {}

    def inside(self, folder: str) -> bool:
        """Whether a folder lies in the project. Raises OSError, ValueError for what is no path."""
        found = self._inside.get(folder)
        if found is None:
            found = self._inside[folder] = f"{os.path.realpath(folder)}/".startswith(self._real_root)
        return found


def project_path(root: Path, written: str, *, folder: str = "", folders: Folders | None = None) -> str:
    """As `project_file`; the path from `root`, in its one spelling, as text (of which a film may name ten thousand).

    `folders` are those of `root`, where many paths are asked for.
    """
    if not folder and _SIMPLE.fullmatch(written):
        name = written
    else:
        _check_words(written)
        # With `.` and `..` resolved by words, so that one file has one name.
        name = "/".join(_normal([*folder.split("/"), *written.split("/")] if folder else written.split("/")))
    if not _is_plainly_there(folders or Folders(root), name):
        _check_there(root, name.split("/") if name else [])
    return name


def _check_there(root: Path, parts: list[str]) -> None:
    """Look at a path that is not plainly there: links may lead to its file. Raises PathError."""
    path = root.joinpath(*parts)
    try:
        real, real_root = path.resolve(), root.resolve()
        if not real.is_relative_to(real_root):
            raise PathError("the file lies outside of the project's directory", hint="copy it into the project")
        if real.is_dir():
            raise PathError("this is a directory, not a file", hint=_inside(path, root))
        if not real.is_file():
            message = "this is no regular file" if real.exists() else "there is no such file"
            raise PathError(message, hint=_nearest(root, parts))
        if real.stat().st_size == 0:
            raise PathError("the file is empty (0 bytes)")
    except (OSError, RuntimeError) as error:
        raise PathError(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _is_plainly_there(folders: Folders, name: str) -> bool:
    """Whether a path leads to a file with bytes in it and no link on its way leads out: true of nearly all."""
    path = f"{folders.root}/{name}"
    try:
        found = os.lstat(path)
        return stat.S_ISREG(found.st_mode) and found.st_size > 0 and folders.inside(path.rpartition("/")[0])
    except (OSError, ValueError):
        return False


def _check_words(written: str) -> None:
    relative = 'a path is relative to the project, with /: "photos/harbour.jpg"'
    if not written.strip():
        raise PathError("a path is missing", hint=relative)
    if "\0" in written or "\n" in written:
        raise PathError("a path may not hold line ends or NUL")
    if "://" in written:
        raise PathError("this is an address on the net, not a file", hint="download it into the project")
    if written.startswith(("/", "~")) or written[1:2] == ":":
        raise PathError("the path is absolute", hint=relative)
    if "\\" in written:
        raise PathError("the path holds a backslash", hint=relative)
    if len(written) > 1000 or any(len(part.encode("utf-8", "replace")) > 255 for part in written.split("/")):
        raise PathError("the path is too long")


def _normal(parts: list[str]) -> list[str]:
    """The parts without `.` and `..`. Raises PathError where `..` leads out."""
    kept: list[str] = []
    for part in parts:
        if part == "..":
            if not kept:
                raise PathError("the path leads out of the project's directory", hint="copy the file into the project")
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return kept


def _nearest(root: Path, parts: list[str]) -> str:
    """A hint: the file whose path is nearest, in the same folder first, then anywhere in the project."""
    folder = root.joinpath(*parts[:-1])
    name = parts[-1] if parts else ""
    prefix = "".join(f"{part}/" for part in parts[:-1])
    if folder.is_dir():
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and entry.name[0] != ".")
        by_lower = {entry.lower(): entry for entry in reversed(names)}
        close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
        if close:
            return f"did you mean {prefix}{by_lower[close[0]]}?"
        stem = [entry for entry in names if Path(entry).stem.lower() == Path(name).stem.lower()]
        if stem:
            return f"did you mean {prefix}{stem[0]}?"
    others = _files(root)
    same = [path for path in others if path.rsplit("/", 1)[-1].lower() == name.lower()]
    close = same[:1] or difflib.get_close_matches("/".join(parts), others, n=1, cutoff=0.75)
    if close:
        return f"did you mean {close[0]}?"
    return f"there is no folder {prefix}" if prefix and not folder.is_dir() else ""


def _files(root: Path, limit: int = 2000) -> list[str]:
    """Some of the project's files, hidden folders left out, sorted."""
    found: list[str] = []
    waiting = [root]
    while waiting and len(found) < limit:
        folder = waiting.pop()
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                waiting.append(entry)
            else:
                found.append(entry.relative_to(root).as_posix())
    return sorted(found)


def _inside(folder: Path, root: Path) -> str:
    names = sorted(entry.relative_to(root).as_posix() for entry in folder.iterdir() if entry.is_file())[:3]
    return f"it holds {', '.join(names)}" if names else ""
