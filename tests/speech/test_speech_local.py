"""The local voice says a text and tells when each of its words sounds."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import espeakng_loader
import numpy as np
import pytest

from vbmake.errors import FatalError
from vbmake.render import loudness, pcm
from vbmake.rules.work import Work
from vbmake.speech.local import identity, speak, voices


@pytest.fixture
def say(tmp_path):
    def say(text, name="speech", **options):
        directory = tmp_path / name
        directory.mkdir()
        out = directory / "out.wav"
        measure = speak(Work({"text": text, **options}, {}, {"speech": out}, directory))["speech"]
        assert [path.name for path in directory.iterdir()] == ["out.wav"]  # nothing else is left behind
        wav = pcm.Wav(out)
        assert (wav.rate, wav.channels, wav.samples) == (48000, 1, measure["samples"])
        words = json.loads(json.dumps(measure))["words"]
        assert [word["text"] for word in words] == text.split()
        assert all(word["start"] < word["end"] for word in words)
        assert all(word["end"] <= after["start"] for word, after in pairwise(words))
        assert not words or words[-1]["end"] <= measure["samples"]
        return out, measure

    return say


def test_words_begin_where_the_voice_begins_them(say):
    out, measure = say("Stop. Go.")
    stop, go = measure["words"]
    sound = np.abs(pcm.Wav(out).read_all()[:, 0])
    assert sound[go["start"] : go["end"]].max() > 0.1
    pause = sound[stop["end"] : go["start"]]
    assert len(pause) > 4800
    assert pause.max() < 0.02


def test_silence_around_the_voice_is_trimmed(say):
    out, measure = say("Hello world.")
    sound = np.abs(pcm.Wav(out).read_all()[:, 0])
    loud = np.flatnonzero(sound > 0.02)
    assert loud[0] < 2400
    assert measure["samples"] - loud[-1] < 9600


@pytest.mark.parametrize(
    "text",
    [
        'In 1,234 years the well-known "Łódź" \N{EM DASH} cost $5.50; 3rd. e.g. Mr. Smith ... U.S.A. 12:30pm',
        "a <b>tag</b> & <break time='1s'/> {x} [[hE]] %{} \\N 'quoted' \"twice\"",
        "\N{GRINNING FACE} ok \N{EM DASH} end",
        "... --- !!!",
        "line\none\n\ntwo\tthree\x00four\ud800",
        "你好世界 two 三",
        "שלום עולם",
    ],
)
def test_every_written_word_has_its_time_whatever_is_written(say, text):
    say(text)


def test_an_empty_text_is_a_short_silence(say):
    out, measure = say("")
    assert measure["samples"] == 4800
    assert not pcm.Wav(out).read_all().any()


def test_a_text_of_ten_thousand_characters_is_said_to_its_end(say):
    text = ("The quick brown fox jumps over 12 lazy dogs, and then it goes home. " * 150)[:10_000].strip()
    _, measure = say(text, speed=450)
    assert measure["words"][-1]["end"] > measure["samples"] * 0.99
    assert measure["samples"] > 48000 * 100


def test_the_same_text_gives_the_same_bytes(say):
    first, measured = say("The same words, twice.", "first")
    second, again = say("The same words, twice.", "second")
    assert first.read_bytes() == second.read_bytes()
    assert measured == again


def test_voices_come_out_at_one_level(say):
    texts = {
        "en-us": "The light guided every ship.",
        "de": "Das Licht führte jedes Schiff.",
        "en-us+f3": "A light at sea.",
    }
    levels = [loudness.measure(say(text, voice, voice=voice)[0]) for voice, text in texts.items()]
    # Mono: 3 LU below what two loudspeakers will give.
    assert [level.lufs for level in levels] == pytest.approx([-23.0] * 3, abs=0.6)
    assert all(level.peak < -0.5 for level in levels)


def test_speed_and_pitch_change_the_voice(say):
    slow, fast = say("A long way home.", "slow", speed=120), say("A long way home.", "fast", speed=300)
    assert slow[1]["samples"] > 1.5 * fast[1]["samples"]
    assert (
        say("A long way home.", "low", pitch=10)[0].read_bytes()
        != say("A long way home.", "high", pitch=90)[0].read_bytes()
    )


@pytest.mark.parametrize(
    ("voice", "near"), [("en-uss", "en-us"), ("en_UK", "en-gb"), ("fr", None), ("de+f9", r"de\+f")]
)
def test_an_unknown_voice_is_told_with_the_nearest(say, voice, near):
    if near is None:
        say("Bonjour.", voice=voice)  # a language alone means its usual voice
        return
    with pytest.raises(FatalError, match=near):
        say("Hello", voice=voice)


@pytest.mark.parametrize("option", [{"speed": 20}, {"pitch": 100}])
def test_a_speed_or_pitch_out_of_range_is_told(say, option):
    with pytest.raises(FatalError, match="local voice takes"):
        say("Hello", **option)


def test_voices_are_listed_by_their_codes():
    known = voices()
    assert {"en-us", "en-gb", "de", "fr-fr", "es"} <= set(known)
    assert known == sorted(set(known))
    assert identity().startswith("espeakng-loader ")


@pytest.mark.parametrize("voice", ["en-gb", "fr-fr", "en-gb+f3"])
def test_a_voice_is_found_by_its_listed_code_even_where_its_file_is_named_otherwise(say, voice):
    assert say("Now.", voice=voice)[1]["samples"] > 4800


def test_a_long_installation_path_does_not_matter(say, tmp_path, monkeypatch):
    deep = tmp_path.joinpath(*["a-rather-long-directory-name"] * 8) / "espeak-ng-data"
    shutil.copytree(espeakng_loader.get_data_path(), deep)
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep))
    say("Hello world.")
