"""Scenes that a provider writes: the job that asks for the script, and the scenes that it becomes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from vbmake.errors import Place, Problem, ProjectError
from vbmake.plan.draft import Draft
from vbmake.plan.generated import LOCAL_RULES, RULES, asked_options
from vbmake.plan.types import Output
from vbmake.project.models import Film, Model, Scene
from vbmake.project.script import Script, ScriptRequest, heading_look, read_script, scenes_of
from vbmake.services import LOCAL


def written(draft: Draft, film: Film, prefix: str) -> Film | None:
    """The film with the scenes of its script; None as long as that is not written. Others are as they are.

    What was written is data: it becomes scenes of one shape, and nothing in it is a path, a template or a rule.
    """
    request = film.script
    if request is None:
        return film
    values: dict[str, Any] = {
        "prompt": request.prompt,
        "seconds": str(request.duration),
        "style": request.style,
        "language": request.language or film.language or "en",
    }
    subject = f"{prefix}script"
    if request.provider == LOCAL:
        job = draft.add(LOCAL_RULES["script"], subject, values, {}, place=request.place)
    else:
        options = asked_options(film, "script", request.provider, request.model, values)
        job = draft.add(
            RULES["script"], subject, options, {}, take=request.take, place=request.place, account=request.provider
        )
    found = draft.measure(Output(job.id, "script"), "the script says what scenes there are", request.place)
    if found is None:
        return None
    sizes = [form.size or film.size for form in film.formats.values()] or [film.size]
    script = _read(found.get("script"), request, job.id)
    declared = scenes_of(script, request.images, heading_look(sizes))
    scenes = [Scene.model_validate(scene) for scene in declared]
    for scene in scenes:
        _place(scene, request.place)
    return film.model_copy(update={"scenes": scenes})


def _read(data: Any, request: ScriptRequest, job: str) -> Script:
    """The script that was measured; it was checked when it was made, yet a cache may hold anything."""
    try:
        return read_script(data)
    except ValueError as error:
        hint = f"`doit forget {job}` has it written anew"
        raise ProjectError([Problem(request.place, f"the script cannot be used: {error}", hint=hint)]) from None


def _place(value: Any, place: Place) -> None:
    """Let everything that came from a script stand where the script is asked for."""
    if isinstance(value, Model):
        value.set_place(place)
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            _place(getattr(value, name), place)
    elif isinstance(value, list | tuple):
        for item in value:
            _place(item, place)
