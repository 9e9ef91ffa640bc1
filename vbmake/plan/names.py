"""What the jobs and targets of a project may come to be called, as far as the declaration alone tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from vbmake.plan.build import film_name
from vbmake.plan.draft import WORK
from vbmake.plan.generated import LOCAL_RULES, RULES, SPEECH
from vbmake.plan.shots import geometries
from vbmake.project.models import Film, Project

_OF_FILMS = ("film", "gif", "timeline", "otio")
_OF_VOICES = (SPEECH, RULES["speech"], RULES["words"])
_OF_SCRIPTS = (LOCAL_RULES["script"], RULES["script"])
_MARKED = re.compile(r"(\A|-)[0-9a-f]{8}\Z")  # a job that is named by what it makes


def scenes_of(job: str, several: bool) -> tuple[str, list[str]]:
    """The film ("" unless there are `several`) and the scenes of which a job is, by its id; none for other jobs."""
    rule, _, subject = job.partition(":")
    parts = subject.split("/")
    film = parts.pop(0) if several else ""
    if rule in ("shot", "stem"):
        return film, parts[-2:-1]
    if rule == "cut":
        return film, parts[-1].split("~")
    return film, parts[-1:] if rule in _OF_VOICES else []


class Names:
    """The names that a plan of this project may have. A name that it refuses is in no plan of it."""

    def __init__(self, project: Project) -> None:
        several = len(project.films) > 1
        self._films = [_FilmNames(film, several) for film in project.films]
        self.targets = frozenset(path for film in self._films for path in film.targets)
        self.groups = frozenset(name for film in self._films for name in (film.name, *film.files.values()))

    def may_be_target(self, path: str) -> bool:
        """Whether a job may write to this path of the project."""
        return path in self.targets or path.startswith(f"{WORK}/")

    def may_be_job(self, id: str) -> bool:
        """Whether there may be a job of this id, if there is such a rule."""
        rule, colon, subject = id.partition(":")
        return bool(colon) and (
            _MARKED.search(subject) is not None or any(film.has(rule, subject) for film in self._films)
        )

    def sure(self) -> Iterator[str]:
        """Names of jobs and groups that the whole plan will have."""
        yield from self.groups
        for film in self._films:
            for form in film.files:
                yield f"film:{film.prefix}{form}"
                for scene in film.scenes or ():
                    yield f"shot:{film.prefix}{form}/{scene}/0"


class _FilmNames:
    """The same of one film."""

    def __init__(self, film: Film, several: bool) -> None:
        self.name = film_name(film)
        self.prefix = f"{self.name}/" if several else ""
        self.scenes: Collection[str] | None = None  # None: a script will say
        if film.script is None:
            self.scenes = dict.fromkeys(scene.id for scene in film.scenes)
        names = [geometry.name for geometry in geometries(film)]
        self.files = {form: f"{self.name}-{form}" if film.formats else self.name for form in names}
        made = {"gif": film.outputs.gif, "timeline.json": film.outputs.timeline, "otio": film.outputs.otio}
        extensions = ["mp4", *(name for name, wanted in made.items() if wanted)]
        if film.outputs.poster is not None:
            extensions.append(film.outputs.poster.type)
        self.targets = [f"build/{file}.{extension}" for file in self.files.values() for extension in extensions]
        subtitles = film.captions.files if film.captions.style != "none" else []
        self._subtitles = [f"{self.name}.{kind}" for kind in subtitles]
        self.targets += [f"build/{file}" for file in self._subtitles]

    def has(self, rule: str, subject: str) -> bool:
        """Whether it may have a job of this rule and subject."""
        if rule in ("mix", "subtitles"):
            return subject == self.name if rule == "mix" else subject in self._subtitles
        rest = subject.removeprefix(self.prefix)
        if self.prefix and rest == subject:
            return False
        if rule in _OF_SCRIPTS:
            return rest == "script" and self.scenes is None
        if rule in _OF_VOICES:
            return self._is_scene(rest)
        if rule == "stem":
            return self._is_scene(rest.rpartition("/")[0])
        form, slash, part = rest.partition("/")
        return form in self.files and (self._shows(rule, part) if slash else rule in _OF_FILMS)

    def _shows(self, rule: str, part: str) -> bool:
        """Whether a job of this rule may be of this part of a format of the film."""
        if rule == "shot":
            scene, _, number = part.rpartition("/")
            return self._is_scene(scene) and number.isdecimal()
        if rule == "cut":
            cuts = (mark.start() for mark in re.finditer("~", part))
            return any(self._is_scene(part[:at]) and self._is_scene(part[at + 1 :]) for at in cuts)
        return rule == "still" and part == "poster"

    def _is_scene(self, name: str) -> bool:
        return bool(name) if self.scenes is None else name in self.scenes
