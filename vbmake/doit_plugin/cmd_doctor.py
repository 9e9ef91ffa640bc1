"""`vbmake doctor`: check this machine; each problem with its mend."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import Command

from vbmake.doit_plugin.command import FreeOrder, Guarded
from vbmake.doit_plugin.finding import Finding
from vbmake.doit_plugin.loader import OPTION_DIR
from vbmake.doit_plugin.where import nearest
from vbmake.errors import VbmakeError, WorkspaceError

if TYPE_CHECKING:
    from vbmake.rules.model import Rule


class Doctor(FreeOrder, Guarded, Command):  # type: ignore[misc]  # doit has no types
    """Looks at everything that a build needs."""

    name = "doctor"
    doc_purpose = "check this machine: versions, ffmpeg, fonts, caches, S3, keys, tools of rules"
    doc_usage = ""
    doc_description = (
        "Each problem is told with its mend. Ends with 2 when something is broken without which no film can be built; "
        "what is optional (missing) or does not work as asked (amiss) is only told. A shared cache and a place to "
        "publish to are tried, if the project or VBMAKE_CACHE names them: they are read, and where builds write to "
        "them an empty object is written and deleted again. Keys are told by their names alone."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (OPTION_DIR,)

    def perform(self, params: Any, args: list[str]) -> int:
        start = Path(params["cwdPath"] or ".").resolve()
        if not start.is_dir():
            raise WorkspaceError(f"{start} is not a directory")
        findings = list(examine(nearest(start) or start))
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            sys.stdout.write(f"{finding.state:<8} {finding.subject:<{width}}  {finding.found}\n")
            if finding.mend:
                sys.stdout.write(f"{'':<8} {'':<{width}}  -> {finding.mend}\n")
        return 2 if any(finding.state == "broken" for finding in findings) else 0


def examine(root: Path) -> Iterator[Finding]:
    """Everything that matters for a project in `root`."""
    from vbmake.doit_plugin.program import program_version

    yield Finding("ok", "vbmake", f"{program_version()}, Python {platform.python_version()}")
    yield Finding("ok", "packages", _packages())
    yield _tried(
        "ffmpeg", _ffmpeg, "reinstall imageio-ffmpeg, or set VBMAKE_FFMPEG to an ffmpeg with libx264 and libass"
    )
    yield _tried("fonts", _fonts, "reinstall vbmake: the fonts it ships with are missing")
    yield _tried("speech", _speech, "reinstall espeakng-loader")
    yield _writable(root)
    from vbmake.doit_plugin.doctor_places import places

    yield from places(root)
    yield from _tools(root)


PACKAGES = ("doit", "pydantic", "PyYAML", "Jinja2", "av", "numpy", "opencv-python-headless", "imageio-ffmpeg", "boto3")


def _packages() -> str:
    """The versions of what vbmake rests on; what is not installed is told by the check of what needs it."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not found")
    return ", ".join(found)


def _tried(subject: str, look: Callable[[], str], mend: str) -> Finding:
    """A check that must not stop the others whatever it meets: an import that fails is what we are looking for."""
    try:
        return Finding("ok", subject, look())
    except Exception as error:
        return Finding("broken", subject, f"{type(error).__name__}: {error}", mend)


def _ffmpeg() -> str:
    from vbmake.process import run
    from vbmake.render import ffmpeg

    executable = ffmpeg.executable()
    first = run([executable, "-hide_banner", "-version"]).decode("utf-8", "replace").splitlines()[0]
    encoders = run([executable, "-hide_banner", "-encoders"]).decode("utf-8", "replace")
    filters = run([executable, "-hide_banner", "-filters"]).decode("utf-8", "replace")
    lacking = [name for name, text in (("libx264", encoders), ("aac", encoders), ("ass", filters)) if name not in text]
    if lacking:
        raise VbmakeError(f"{executable} lacks {', '.join(lacking)}")
    return f"{first.removeprefix('ffmpeg version ').split(' Copyright')[0]} ({executable})"


def _fonts() -> str:
    from vbmake import resources

    fonts = [resources.path(name) for name in (resources.DEFAULT_FONT, resources.DEFAULT_BOLD)]
    return ", ".join(font.name for font in fonts)


def _speech() -> str:
    import espeakng_loader

    return str(Path(espeakng_loader.get_library_path()).name)


def _writable(root: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=root) as stream:
            stream.write(b"\0" * 65536)
    except OSError as error:
        mend = "work in a directory that this user may write, on a disk with space"
        return Finding("broken", "directory", f"{root}: {error.strerror or error}", mend)
    return Finding("ok", "directory", f"{root} can be written")


def _tools(root: Path) -> Iterator[Finding]:
    from vbmake.rules.load import load_rules
    from vbmake.rules.tools import tool_identity

    users: dict[tuple[str, Path | None], list[Rule]] = {}
    for rule in load_rules(root / "rules"):
        for tool in rule.tools():
            own = rule.directory if tool.startswith("./") else None
            users.setdefault((tool, own), []).append(rule)
    for (tool, _), rules in sorted(users.items(), key=lambda item: item[0][0]):
        names = ", ".join(rule.name for rule in rules[:3]) + (" ..." if len(rules) > 3 else "")
        try:
            yield Finding("ok", f"tool {tool}", f"{tool_identity(tool, rules[0])}, for {names}")
        except VbmakeError as error:
            yield Finding("missing", f"tool {tool}", f"{error}; for {names}")
