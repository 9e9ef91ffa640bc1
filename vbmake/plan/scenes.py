"""When each scene plays: how long it lasts, and how far it overlaps its neighbours. All in whole frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from vbmake.errors import Place
from vbmake.plan.draft import Draft
from vbmake.plan.frames import SAMPLE_RATE, frames_covering, sample_at, to_frames, to_samples
from vbmake.plan.generated import SPEECH, spoken, word_times
from vbmake.plan.inputs import Measure
from vbmake.plan.look import is_clip, layer_measure, media_ref
from vbmake.plan.playing import play_length, span
from vbmake.plan.settings import OWN_LENGTH, default_length, played_length, spoken_length, voice_settings
from vbmake.plan.types import Deciders, Output
from vbmake.project import models
from vbmake.project.models import Film, Scene
from vbmake.services import LOCAL

LOCAL_VOICE: Final = "en-us"
LOCAL_SPEED: Final = 160  # words a minute
LOCAL_PITCH: Final = 50


@dataclass(frozen=True)
class Speech:
    """The voice of a scene: who made it, and what was measured of it."""

    ref: Output
    measure: Measure
    at: int  # samples, from the start of the scene
    words: Sequence[Mapping[str, Any]]  # text, start and end in samples from its own start

    @property
    def samples(self) -> int:
        return int(self.measure["samples"])


@dataclass(frozen=True)
class Timed:
    """A scene with its place in the film. `into` frames of it overlap the scene before, `out` the scene after."""

    scene: Scene
    start: int
    frames: int
    into: int
    out: int
    kind: str  # the transition into this scene
    speech: Speech | None
    length: Deciders = OWN_LENGTH  # what decides how long it lasts

    @property
    def end(self) -> int:
        return self.start + self.frames

    @property
    def unheard(self) -> bool:
        """Whether something is said of which it is not known yet how it sounds."""
        return self.scene.say is not None and self.speech is None


def speech_of(draft: Draft, film: Film, prefix: str, scene: Scene) -> Speech | None:
    """The scene's voice: adds its job; None when nothing is said, or as long as its length is unknown."""
    if scene.say is None:
        return None
    named = scene.say.voice
    voice = film.voices.get(named, film.voice) if isinstance(named, str) else named or film.voice
    say, subject = scene.say, prefix + scene.id
    if voice.provider == LOCAL:
        settings = draft.shared(voice_settings, film, voice)
        options = {
            "text": say.text,
            "voice": voice.voice or LOCAL_VOICE,
            "speed": voice.speed or LOCAL_SPEED,
            "pitch": LOCAL_PITCH if voice.pitch is None else voice.pitch,
        }
        ref = Output(
            draft.add(SPEECH, subject, options, {}, take=say.take, place=say.place, settings=settings).id, "speech"
        )
    else:
        ref = spoken(draft, film, subject, say.text, voice, say.take, say.place)
    measure = draft.measure(ref, "the scene lasts as long as its voice", scene.place)
    words: Sequence[Mapping[str, Any]] | None = ()
    if voice.provider != LOCAL and is_captioned(film, scene):
        words = _words(draft, film, subject, ref, say, voice)
    elif measure is not None:
        words = measure.get("words", ())
    if measure is None or words is None:
        return None
    before = (scene.pad or film.pad)[0] if scene.say.at is None else scene.say.at
    return Speech(ref, measure, to_samples(before), words)


def is_captioned(film: Film, scene: Scene) -> bool:
    """Whether anybody reads what is said in the scene."""
    looks = [film.captions, *(form.captions for form in film.formats.values() if form.captions is not None)]
    return scene.captions and any(look.style != "none" for look in looks)


def _words(
    draft: Draft, film: Film, subject: str, ref: Output, say: models.Say, voice: models.Voice
) -> Sequence[Mapping[str, Any]] | None:
    """When each word of a provider's voice is said; None as long as that is unknown. A makeshift is told."""
    found = draft.measure(
        word_times(draft, film, subject, ref, say.text, voice, say.place), "captions follow the voice", say.place
    )
    if found is None:
        return None
    if found.get("note"):
        draft.note(str(found["note"]), say.place)
    words: Sequence[Mapping[str, Any]] = found["words"]
    return words


def _voice_frames(film: Film, scene: Scene, speech: Speech) -> int:
    after = (scene.pad or film.pad)[1]
    return frames_covering(Fraction(speech.at + speech.samples, SAMPLE_RATE) + after, film.fps)


_Played = tuple[Fraction, Place]  # until when, from the start of the scene, and what


def _clip_seconds(draft: Draft, film: Film, scene: Scene) -> _Played | None:
    """How long the scene's longest clip plays."""
    longest: _Played | None = None
    for layer in scene.layers:
        _, measure = layer_measure(draft, film, layer)
        if not is_clip(layer, measure) or measure is None:
            continue
        assert isinstance(layer, models.VideoLayer | models.MakeLayer)
        if layer.loop:
            continue
        freeze = layer.freeze if isinstance(layer, models.VideoLayer) else None
        seconds = play_length(layer, span(layer, measure), freeze) + (layer.show.start if layer.show else 0)
        longest = _longer(longest, seconds, layer.place)
    return longest


def _longer(longest: _Played | None, seconds: Fraction, place: Place) -> _Played:
    return longest if longest is not None and longest[0] >= seconds else (seconds, place)


def _sound_seconds(draft: Draft, film: Film, scene: Scene) -> _Played | None:
    """How long the scene's longest sound plays."""
    longest: _Played | None = None
    for sound in scene.sounds:
        ref = media_ref(draft, film, sound)
        measure = draft.measure(ref, "its length decides how the scene sounds", sound.place) if ref else None
        if measure is None or sound.loop:
            continue
        seconds = sound.duration if sound.duration is not None else play_length(sound, span(sound, measure))
        longest = _longer(longest, sound.at + seconds, sound.place)
    return longest


def scene_frames(draft: Draft, film: Film, scene: Scene, speech: Speech | None) -> tuple[int, Place | None] | None:
    """How many frames the scene lasts, and where what it plays stands, if that decides it; None while it is unknown."""
    if scene.duration is not None:
        frames = max(1, to_frames(scene.duration, film.fps))
        if speech is not None and speech.at + speech.samples > sample_at(frames, film.fps):
            heard = float(Fraction(speech.at + speech.samples, SAMPLE_RATE))
            draft.note(
                f"the voice lasts until {heard:.2f} s, the scene {float(scene.duration):g} s: its end is cut",
                scene.place,
            )
        return frames, None
    if scene.say is not None:
        return (_voice_frames(film, scene, speech), None) if speech is not None else None
    missed = draft.missed
    played = _clip_seconds(draft, film, scene)
    if played is None:
        played = _sound_seconds(draft, film, scene)
    if draft.missed > missed:
        return None
    seconds, place = played if played is not None else (film.default_duration, None)
    return frames_covering(seconds, film.fps), place


def _transition(film: Film, scene: Scene) -> models.Transition | None:
    chosen = scene.transition if scene.transition is not None else film.transition
    return chosen if isinstance(chosen, models.Transition) else None


def time_scenes(draft: Draft, film: Film, prefix: str) -> list[Timed] | None:
    """Every scene with its frames and place, in order; None as long as a length is unknown.

    A transition that is longer than half of a neighbour is shortened to that half, and the plan says so.
    """
    speeches: list[Speech | None] = []
    lengths: list[tuple[int, Place | None] | None] = []
    if film.scenes[0].transition is not None and film.scenes[0].transition != "none":
        draft.note("no scene stands before the first: its transition is not used", film.scenes[0].place)
    for scene in film.scenes:
        speech = speech_of(draft, film, prefix, scene)
        speeches.append(speech)
        lengths.append(scene_frames(draft, film, scene, speech))
    if any(length is None for length in lengths):
        return None
    frames = [length[0] for length in lengths if length is not None]
    places = [length[1] for length in lengths if length is not None]
    said, default = spoken_length(film), default_length(film)
    overlaps = [0, *(_overlap(draft, film, frames, index) for index in range(1, len(frames))), 0]
    timed = []
    start = 0
    for index, scene in enumerate(film.scenes):
        start -= overlaps[index]
        transition = _transition(film, scene)
        kind = transition.kind if transition is not None and overlaps[index] else "none"
        length, place = OWN_LENGTH, places[index]
        if scene.duration is None:
            length = played_length(place) if place is not None else said if scene.say is not None else default
        both = overlaps[index], overlaps[index + 1]
        timed.append(Timed(scene, start, frames[index], *both, kind, speeches[index], length))
        start += frames[index]
    return timed


def _overlap(draft: Draft, film: Film, frames: Sequence[int], index: int) -> int:
    scene = film.scenes[index]
    transition = _transition(film, scene)
    if transition is None:
        return 0
    wanted = max(1, to_frames(transition.duration, film.fps))
    possible = min(wanted, frames[index - 1] // 2, frames[index] // 2)
    if possible < wanted:
        before = film.scenes[index - 1]
        draft.note(
            f"the transition from {before.id} to {scene.id} is shortened from {wanted} to {possible} frames: "
            f"half of {before.id if frames[index - 1] < frames[index] else scene.id}",
            scene.place,
        )
    return possible
