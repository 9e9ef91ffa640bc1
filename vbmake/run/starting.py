"""A new project from a wish: the script is written (by a provider at most once, whatever happens), then the files."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from vbmake.disk import explained
from vbmake.errors import WorkspaceError
from vbmake.plan.canonical import digest
from vbmake.project.load import DECLARATION
from vbmake.project.script import Script, read_script
from vbmake.project.starter import Wish, declaration
from vbmake.project.surroundings import SCHEMA, write_surroundings
from vbmake.project.words import slug
from vbmake.providers.failures import ProviderError
from vbmake.run.lock import project_lock
from vbmake.run.publish import flush, publish
from vbmake.run.scripts import undrawn
from vbmake.run.studio import Studio
from vbmake.run.workspace import STATE
from vbmake.services import LOCAL, SERVICES

PROVENANCE: Final = f"{STATE}/script.provenance.json"
_OURS: Final = frozenset({STATE, ".git", ".gitignore"})  # what a directory may hold and be as good as empty

Tell = Callable[[str], None]


def start_project(
    root: Path,
    wish: Wish,
    *,
    speaker: str = "",
    resubmit: bool = False,
    environ: Mapping[str, str] = os.environ,
    tell: Tell,
) -> Script:
    """Write a project for a wish into `root`, which holds nothing; returns its script. `tell` hears what goes on.

    `speaker` is the local voice, where that speaks. `resubmit` asks again where it is not known what became of it.
    A call that was ended goes on where it was when it is repeated: what a provider made is not asked for again. Raises
    WorkspaceError where something is already, JobError when the provider writes nothing that can be used.
    """
    check_place(root)
    with project_lock(root / STATE / "lock"):
        check_place(root)
        if letters := undrawn(wish.language):
            tell(
                f"the fonts that come with vbmake have no {letters} letters: before you build, name a font that has "
                "(`fonts: {own: fonts/YOURS.ttf}`, and `font: own` in each of `styles`)"
            )
        script = _script(root / STATE, wish, resubmit, environ, tell)
        name = slug(root.resolve().name) or "film"
        text = declaration(script, wish, name, schema=SCHEMA, speaker=speaker)
        with explained("write in", root):
            write_surroundings(root)
            ready = root / STATE / "new.yaml"
            ready.write_text(text, encoding="utf-8")
            flush(ready)
            publish(ready, root / DECLARATION)  # the last: a project is one when it has this
    return script


def check_place(root: Path) -> None:
    """Raises WorkspaceError unless `root` is, or can become, a directory that holds nothing of anybody's."""
    try:
        found = sorted(entry.name for entry in root.iterdir() if entry.name not in _OURS)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WorkspaceError(f"{root} cannot be used: {error.strerror or error}") from error
    if DECLARATION in found:
        raise WorkspaceError(f"{root / DECLARATION} is there already and is left as it is; choose another name")
    if found:
        raise WorkspaceError(f"{root} is not empty (it holds {found[0]}): choose another name")


def _script(state: Path, wish: Wish, resubmit: bool, environ: Mapping[str, str], tell: Tell) -> Script:
    if wish.provider != LOCAL:
        return _asked(state, wish, resubmit, environ, tell)
    from vbmake.providers.local.outline import outline

    if wish.language.lower().partition("-")[0] != "en":
        tell(f"the local outline is English, not {wish.language}: rewrite it, or ask a --provider")
    return read_script(outline(wish.prompt, float(wish.seconds), wish.style))


def _asked(state: Path, wish: Wish, resubmit: bool, environ: Mapping[str, str], tell: Tell) -> Script:
    """The script by a provider, by way of the journal of the project that it is for."""
    from vbmake.providers.script import asked_script

    options = _options(wish)
    key = digest(["new", 1, options, wish.take])
    generation = asked_script(options, seed=int(key[:8], 16) >> 1)
    studio = Studio(None, state, environ)
    account = studio.accounts[wish.provider]
    try:
        step = studio.engine.journal.get(key)
        if resubmit and step is not None and step.state in ("intent", "abandoned"):
            studio.engine.resubmit(key)
        made = studio.engine.generate_patiently(key, generation, account, job="script", log=tell)
    except ProviderError as error:
        if error.sort != "unknown":
            raise
        who = " ".join(part for part in (wish.provider, str(options.get("model", ""))) if part)
        raise ProviderError(
            f"{who} was asked for this script, and the answer never came. It may have been written, and charged: look "
            "into the provider's own history; the same command with --resubmit asks again",
            sort="unknown",
            paid="maybe",
        ) from None
    finally:
        studio.close()
    _keep(state.parent / PROVENANCE, {**made.provenance, "key": key})
    try:
        return read_script(made.data)
    except ValueError as error:
        cost = f" (it cost {made.cost} USD)" if made.cost else ""
        message = f"what {wish.provider} wrote cannot be used: {error}{cost}; --take {wish.take + 1} asks for another"
        raise ProviderError(message, sort="failed", paid="yes") from None


def _options(wish: Wish) -> dict[str, Any]:
    known = SERVICES.get(wish.provider)
    options = {
        "kind": "script",
        "service": wish.provider,
        "model": wish.model or (known.models.get("script", "") if known is not None else ""),
        "prompt": wish.prompt,
        "seconds": str(wish.seconds),
        "style": wish.style,
        "language": wish.language,
    }
    return {name: value for name, value in options.items() if value}


def _keep(path: Path, facts: Mapping[str, Any]) -> None:
    """The provenance of the script. It is worth having, and nothing depends on it."""
    with contextlib.suppress(OSError):
        text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8", errors="replace")
