"""The plan of one still: a frame of a scene, with everything that it shows."""

from __future__ import annotations

from fractions import Fraction

from vbmake.errors import Place, Problem, ProjectError
from vbmake.plan.build import film_name, picture_of
from vbmake.plan.draft import Draft
from vbmake.plan.frames import to_frames
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.kahn import layers
from vbmake.plan.script import written
from vbmake.plan.shots import geometries
from vbmake.plan.types import BuildPlan
from vbmake.plan.writings import writings
from vbmake.project.models import Film, MakeLayer, Scene, VideoLayer


def plan_still(
    inputs: BuildInputs,
    scene: str,
    seconds: Fraction,
    *,
    form: str | None = None,
    film: str | None = None,
    target: str = "build/still.png",
) -> BuildPlan:
    """A plan whose job `still:...` shows the frame at `seconds` of a scene, in the named (else the first) format.

    `target` is the picture's project-relative path; its extension (png or jpg) says the type. The plan is pending as
    long as something that decides the frame is not known. Raises ProjectError for a scene, film or format that is not
    there, and for a time after the scene's end.
    """
    films = {film_name(one): one for one in inputs.project.films}
    chosen = films[_known("film", film, list(films))] if film else inputs.project.films[0]
    names = [one.name for one in geometries(chosen)]
    geometry = geometries(chosen)[names.index(_known("format", form, names)) if form else 0]
    draft = Draft(inputs)
    scripted = written(draft, chosen, f"{film_name(chosen)}/" if len(films) > 1 else "")
    if scripted is None:
        return BuildPlan(layers(draft.jobs.values()), tuple(draft.pending.values()), draft.notes())
    ids = [one.id for one in scripted.scenes]
    chosen = _alone(scripted, ids.index(_known("scene", scene, ids)))
    index = [one.id for one in chosen.scenes].index(scene)
    picture = picture_of(draft, chosen, geometry)
    if picture is not None and not draft.pending:
        timed = picture.timed[index]
        frame = to_frames(seconds, chosen.fps)
        if frame > timed.frames:
            length = f"{float(timed.frames / chosen.fps):.2f}".rstrip("0").rstrip(".")
            problem = Problem(chosen.scenes[index].place, f"{scene} has no such frame: it lasts {length}s")
            raise ProjectError([problem])
        frame = min(frame, timed.frames - 1)
        picture.still(index, frame, f"{picture.subject}/{scene}@{frame}", target.rsplit(".", 1)[-1], target)
    draft.settle()
    return BuildPlan(
        layers(draft.jobs.values()),
        tuple(draft.pending.values()),
        draft.notes(),
        writings=tuple(writings(chosen, [chosen.scenes[index]])),
    )


def _alone(film: Film, index: int) -> Film:
    """The film as far as a frame of one scene shows it: other voices need not be spoken, nor pictures be paid for.

    Overlays count their time from the scenes that they lie over. Where there are any, the others keep their lengths.
    """
    scenes = [film.scenes[index].model_copy(update={"transition": None})]
    if film.overlays:
        scenes = [scene if number == index else _lasting(scene) for number, scene in enumerate(film.scenes)]
    return film.model_copy(update={"scenes": scenes, "script": None})


def _lasting(scene: Scene) -> Scene:
    """The scene with nothing but what decides how long it lasts."""
    if scene.duration is not None:
        return scene.model_copy(update={"say": None, "layers": [], "sounds": []})
    if scene.say is not None:
        return scene.model_copy(update={"captions": False, "layers": [], "sounds": []})
    clips = [layer for layer in scene.layers if isinstance(layer, VideoLayer | MakeLayer)]
    return scene.model_copy(update={"layers": clips})


def _known(what: str, name: str | None, names: list[str]) -> str:
    from difflib import get_close_matches

    if name in names and name is not None:
        return name
    near = get_close_matches(str(name), names, 1)
    hint = f"did you mean {near[0]}?" if near else ""
    raise ProjectError(
        [Problem(Place("video.yaml"), f"there is no {what} {name}", allowed=", ".join(names[:12]), hint=hint)]
    )
