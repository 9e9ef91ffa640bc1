"""Jobs that make an asset from a description: by a provider, or on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from vbmake.errors import Place
from vbmake.plan.canonical import digest
from vbmake.plan.draft import Draft
from vbmake.plan.settings import voice_settings
from vbmake.plan.types import JobSpec, Output, Ref, Source
from vbmake.project.generated import Prompted, PromptedClip, PromptedImage, PromptedSound, service_of
from vbmake.project.models import Film, Voice
from vbmake.project.words import slug
from vbmake.services import LOCAL, SERVICES, Kind

RULES: Final[Mapping[Kind, str]] = {  # by providers
    "image": "generated-image",
    "clip": "generated-clip",
    "speech": "generated-voice",
    "music": "generated-music",
    "effect": "generated-sound",
    "script": "generated-script",
    "words": "word-times",
}
SPEECH: Final = "speech"  # the rule of this machine's voice
LOCAL_RULES: Final[Mapping[Kind, str]] = {
    "image": "placeholder-image",
    "clip": "placeholder-clip",
    "music": "local-music",
    "effect": "placeholder-sound",
    "script": "local-script",
}
_SECONDS: Final[Mapping[Kind, Fraction]] = {"clip": Fraction(5), "music": Fraction(30), "effect": Fraction(2)}


def asked_options(film: Film, kind: Kind, account: str, model: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a provider's job: what has no value is left out, so that a new option changes no key."""
    service = service_of(account, film.providers)
    known = SERVICES.get(service)
    options = {
        "kind": kind,
        "service": service,
        "model": model or (known.models.get(kind) if known else None),
        **values,
    }
    return {name: value for name, value in options.items() if value not in (None, "", {})}


def prompted(draft: Draft, film: Film, kind: Kind, asked: Prompted) -> Output:
    """What a description asks for: the same asked twice is one job, and is paid once."""
    values: dict[str, Any] = {"prompt": asked.prompt}
    inputs: dict[str, Sequence[Ref]] = {}
    if isinstance(asked, PromptedImage | PromptedClip):
        values |= dict(zip(("width", "height"), asked.size or film.size, strict=True))
    if isinstance(asked, PromptedClip | PromptedSound):
        seconds = asked.duration
        if seconds is None and (asked.provider == LOCAL or kind == "music"):
            seconds = _SECONDS[kind]
        values["seconds"] = str(seconds) if seconds is not None else None
    if isinstance(asked, PromptedClip) and asked.image is not None and asked.provider != LOCAL:
        inputs["image"] = [Source(asked.image)]
    if asked.provider == LOCAL:
        return local(draft, kind, values, asked)
    values |= {"seed": asked.seed, "options": asked.options}
    options = asked_options(film, kind, asked.provider, asked.model, values)
    return Output(_once(draft, RULES[kind], options, inputs, asked.take, asked.place, asked.provider).id, kind)


def local(draft: Draft, kind: Kind, values: Mapping[str, Any], asked: Prompted) -> Output:
    """The same, made on this machine. A take is another seed, where the maker has seeds."""
    given = {name: value for name, value in values.items() if value is not None}
    if kind == "music" and (asked.seed is not None or asked.take > 1):
        given["seed"] = (asked.seed or 0) + asked.take - 1
    job = _once(draft, LOCAL_RULES[kind], given, {}, asked.take, asked.place, "")
    return Output(job.id, next(iter(job.outputs)))


def _once(
    draft: Draft,
    rule: str,
    options: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Ref]],
    take: int,
    place: Place,
    account: str,
) -> JobSpec:
    names = {role: [ref.name for ref in refs] for role, refs in inputs.items()}
    mark = digest([rule, options, names, take, account])[:8]
    subject = "-".join(part for part in (slug(str(options["prompt"]), 24), mark) if part)
    known = draft.jobs.get(f"{rule}:{subject}")
    title = " ".join(str(options["prompt"]).split())[:80]
    return known or draft.add(rule, subject, options, inputs, take=take, place=place, title=title, account=account)


def spoken(draft: Draft, film: Film, subject: str, text: str, voice: Voice, take: int, place: Place) -> Output:
    """The job that speaks a text with the voice of a provider."""
    service = SERVICES.get(service_of(voice.provider, film.providers))
    values = {
        "prompt": text,
        "voice": voice.voice or (service.voice if service else None),
        "language": film.language,
        "seed": voice.seed,
        "options": voice.options,
    }
    options = asked_options(film, "speech", voice.provider, voice.model, values)
    settings = draft.shared(voice_settings, film, voice)
    job = draft.add(
        RULES["speech"], subject, options, {}, take=take, place=place, account=voice.provider, settings=settings
    )
    return Output(job.id, "speech")


def word_times(draft: Draft, film: Film, subject: str, speech: Output, text: str, voice: Voice, place: Place) -> Output:
    """The job that finds when each word of a provider's voice is said."""
    service = SERVICES.get(service_of(voice.provider, film.providers))
    finder = voice.words
    if finder is None:
        transcribes = service is not None and not service.times and "words" in service.models
        finder = voice.provider if transcribes else LOCAL
    values: dict[str, Any] = {"prompt": text, "language": film.language}
    if finder == LOCAL:
        options = {"kind": "words", "service": LOCAL, **{name: value for name, value in values.items() if value}}
        account = ""
    else:
        options, account = asked_options(film, "words", finder, None, values), finder
    inputs = {"audio": [speech], "times": [Output(speech.job, "times")]}
    return Output(draft.add(RULES["words"], subject, options, inputs, place=place, account=account).id, "words")
