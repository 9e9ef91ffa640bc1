"""Films joined of shots, cuts and the mix: every frame and every sample is where it belongs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.conftest import MakeClip, MakeMedia
from tests.seams import read_barcode, tone_onset
from vbmake.errors import FatalError
from vbmake.render import ffmpeg
from vbmake.render.encode import encoder_args
from vbmake.render.film import join_film
from vbmake.render.film_check import check_film
from vbmake.render.language import iso639_2
from vbmake.rules.work import Work

RATE = 48000


def encoding(fps: str = "30", frames: int = 12) -> str:
    encode = {"preset": "veryfast", "crf": 20, "gop": 25}
    return " ".join(encoder_args({"fps": fps, "frames": frames, "encode": encode}))


@pytest.fixture
def shots(make_clip: MakeClip) -> Any:
    """shots([12, 1, 30], fps): consecutive shots of those lengths as the product encodes them, barcodes running on."""

    def make(lengths: Sequence[int], fps: str = "30", more: str = "") -> list[Path]:
        starts = np.cumsum([0, *lengths[:-1]]).tolist()
        return [
            make_clip("shot.mp4", f"{encoding(fps, n)} {more}", frames=n, fps=fps, first=first)
            for n, first in zip(lengths, starts, strict=True)
        ]

    return make


@pytest.fixture
def make_mix(make_media: MakeMedia) -> Any:
    """make_mix(samples, onset): AAC with a tone of 1 kHz from a sample on."""

    def make(samples: int, onset: int = 0, volume: float = 0.5) -> Path:
        tone = f"aevalsrc='if(gte(n,{onset}),{volume}*sin(2*PI*1000*t),0)|0':s={RATE},atrim=end_sample={samples}"
        return make_media("mix.m4a", "-f", "lavfi", "-i", tone, "-c:a", "aac", "-b:a", "128k")

    return make


def film_of(target: Path, video: Sequence[Path], sound: Path | None, **options: Any) -> Path:
    work = Work(
        options={
            "fps": "30",
            "chapters": [],
            "title": "",
            "language": "",
            "samples": None,
            "loudness": None,
            **options,
        },
        inputs={"video": tuple(video), "sound": (sound,) if sound else ()},
        outputs={"film": target},
        directory=target.parent,
    )
    assert join_film(work) is None
    return target


def decoded(path: Path) -> list[tuple[Fraction, int]]:
    """The presentation time and the barcode of every picture, by a player's decoder."""
    with av.open(path) as film:
        return [
            (frame.pts * frame.time_base, read_barcode(frame.to_ndarray(format="bgr24")))
            for frame in film.decode(video=0)
        ]


def heard(path: Path) -> Any:
    raw = ffmpeg.run([*ffmpeg.input_args(path), "-map", "0:a", "-f", "f32le", "-ac", "1", "-"])
    return np.frombuffer(raw, np.float32).astype(float)


@pytest.mark.parametrize("fps", ["30", "24", "30000/1001", "25/2"])
def test_every_frame_is_where_it_belongs(shots: Any, make_mix: Any, tmp_path: Path, fps: str) -> None:
    lengths = [12, 1, 2, 30, 3, 1, 1, 26]
    frames = sum(lengths)
    samples = int(frames / Fraction(fps) * RATE)
    film = film_of(
        tmp_path / "film.mp4", shots(lengths, fps), make_mix(samples),
        fps=fps, frames=frames, segments=lengths, samples=samples,
    )  # fmt: skip
    assert decoded(film) == [(n / Fraction(fps), n) for n in range(frames)]
    listed = ffmpeg.run([*ffmpeg.input_args(film), "-map", "0:v", "-f", "framemd5", "-"]).decode()
    times = [int(line.split(",")[2]) for line in listed.splitlines() if not line.startswith("#")]
    assert times == list(range(frames))


def test_fifty_seams_neither_shift_pictures_nor_sound(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    lengths = [5] * 50
    samples, onset = 250 * RATE // 30, 200 * RATE // 30
    film = film_of(
        tmp_path / "film.mp4", shots(lengths), make_mix(samples, onset), frames=250, segments=lengths, samples=samples
    )
    assert [number for _, number in decoded(film)] == list(range(250))
    sound = heard(film)
    assert len(sound) == samples
    found = tone_onset(sound, RATE, 1000)
    assert found is not None
    assert abs(found - onset) <= 240


def test_the_sound_is_the_mix_bit_for_bit(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    mix = make_mix(40001)
    film = film_of(tmp_path / "film.mp4", shots([25]), mix, frames=25, segments=[25], samples=40001)
    assert np.array_equal(heard(film), heard(mix))


def test_the_same_parts_make_the_same_bytes(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "another"):
        directory = tmp_path / name
        directory.mkdir()
        video = [Path(shutil.copy(path, directory / f"{k}.mp4")) for k, path in enumerate(shots([12, 20]))]
        film = film_of(
            directory / f"{name}.mp4", video, make_mix(RATE), frames=32, segments=[12, 20],
            title="T", language="de", chapters=[{"title": "A", "start": 0, "end": 32}],
        )  # fmt: skip
        digests.add(hashlib.sha256(film.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_title_language_and_chapters_are_in_the_film(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    chapters = [
        {"title": "Der Hafen – 1", "start": 0, "end": 12},
        {"title": "'Sea' \"2\"; #=\\", "start": 12, "end": 32},
    ]
    film = film_of(
        tmp_path / "film.mp4", shots([12, 20]), make_mix(RATE), frames=32, segments=[12, 20],
        title="Leuchtturm ✨", language="de-AT", chapters=chapters,
    )  # fmt: skip
    with av.open(film) as opened:
        assert opened.metadata["title"] == "Leuchtturm ✨"
        assert [stream.metadata["language"] for stream in opened.streams if stream.type != "data"] == ["deu", "deu"]
        assert [
            (mark["metadata"]["title"], mark["start"] * mark["time_base"], mark["end"] * mark["time_base"])
            for mark in opened.chapters()
        ] == [(one["title"], Fraction(one["start"], 30), Fraction(one["end"], 30)) for one in chapters]
    assert not {"encoder", "creation_time"} & set(opened.metadata)


def test_the_film_can_start_playing_before_it_is_whole(shots: Any, tmp_path: Path) -> None:
    data = film_of(tmp_path / "film.mp4", shots([12]), None, frames=12, segments=[12]).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_film_may_be_silent(shots: Any, tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mp4", shots([12, 3]), None, frames=15, segments=[12, 3], loudness=-16)
    with av.open(film) as opened:
        assert (len(opened.streams.video), len(opened.streams.audio)) == (1, 0)


def test_progress_is_told_in_frames(shots: Any, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    join_film(
        Work(
            options={"fps": "30", "frames": 15, "segments": [12, 3]},
            inputs={"video": tuple(shots([12, 3]))},
            outputs={"film": tmp_path / "film.mp4"},
            directory=tmp_path,
            progress=lambda done, total: told.append((done, total)),
        )
    )
    assert told == [(12, 15), (15, 15)]


def test_a_shot_with_too_few_or_too_many_pictures_is_refused(shots: Any, tmp_path: Path) -> None:
    video = shots([12, 20])
    with pytest.raises(FatalError, match=r"shot\.mp4 has 20 pictures and 21 are planned"):
        film_of(tmp_path / "film.mp4", video, None, frames=33, segments=[12, 21])
    with pytest.raises(FatalError, match=r"has a picture at frame 19, where frames 0 to 18 are planned"):
        film_of(tmp_path / "film.mp4", video, None, frames=31, segments=[12, 19])
    with pytest.raises(FatalError, match="planned as 1 segments of 12 frames together, and 2 segments are given"):
        film_of(tmp_path / "film.mp4", video, None, frames=32, segments=[12])


def test_a_shot_at_another_rate_is_refused(shots: Any, tmp_path: Path) -> None:
    video = [*shots([12]), *shots([12], "25")]
    with pytest.raises(FatalError, match=r"encoded otherwise|has a picture at frame"):
        film_of(tmp_path / "film.mp4", video, None, frames=24, segments=[12, 12])


def test_a_shot_of_another_encoding_is_refused(shots: Any, make_clip: MakeClip, tmp_path: Path) -> None:
    larger = make_clip("large.mp4", encoding(), frames=12, size=(96, 64))
    with pytest.raises(FatalError, match=r"large\.mp4 is encoded otherwise than shot\.mp4"):
        film_of(tmp_path / "film.mp4", [*shots([12]), larger], None, frames=24, segments=[12, 12])
    other = shots([12], more="-bf 0 -coder vlc")
    with pytest.raises(FatalError, match="is encoded otherwise than"):
        film_of(tmp_path / "film.mp4", [*shots([12]), *other], None, frames=24, segments=[12, 12])


def test_a_mix_without_sound_is_refused(shots: Any, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"clip\.mp4 has no sound and cannot be the film's mix"):
        film_of(tmp_path / "film.mp4", shots([12]), clip, frames=12, segments=[12])


@pytest.fixture
def checked(make_mix: Any) -> Any:
    def check(path: Path, **options: Any) -> None:
        settings = {"fps": "30", "frames": 30, "samples": RATE, "loudness": None, **options}
        check_film(path, settings, options.get("mix", make_mix(RATE)))

    return check


@pytest.fixture
def film(shots: Any, make_mix: Any, tmp_path: Path) -> Path:
    return film_of(tmp_path / "film.mp4", shots([30]), make_mix(RATE), frames=30, segments=[30], samples=RATE)


def test_a_film_with_missing_frames_fails_its_check(film: Path, checked: Any) -> None:
    checked(film)
    with pytest.raises(FatalError, match="has 30 of 31 frames; frame 30 is the first missing"):
        checked(film, frames=31)
    with pytest.raises(FatalError, match="has a picture at frame 29 of 29, off the grid"):
        checked(film, frames=29)
    with pytest.raises(FatalError, match="off the grid"):
        checked(film, fps="25")


def test_a_film_whose_sound_is_short_or_unplanned_fails_its_check(film: Path, checked: Any) -> None:
    with pytest.raises(FatalError, match=r"sound ends after \d+ of 50000 samples"):
        checked(film, samples=50000)
    with pytest.raises(FatalError, match="1 video and 1 audio tracks"):
        checked(film, mix=None)


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [("0.01", "sound is 10.0 ms late"), ("0.2", r"sound begins 178\.7 ms from its first picture")],
)
def test_a_film_whose_sound_is_late_fails_its_check(
    film: Path, checked: Any, tmp_path: Path, seconds: str, reason: str
) -> None:
    late = tmp_path / "late.mp4"
    streams = ["-i", str(film), "-itsoffset", seconds, "-i", str(film), "-map", "0:v", "-map", "1:a"]
    ffmpeg.run([*streams, "-c", "copy", str(late)])
    with pytest.raises(FatalError, match=reason):
        checked(late)


def test_a_film_that_is_not_as_loud_as_asked_fails_its_check(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    # A sine at half of full scale, in one channel: -6 - 3 dB, and BS.1770's weight at 1 kHz cancels its offset.
    mix = make_mix(RATE)
    parts = {"frames": 30, "segments": [30], "samples": RATE}
    film_of(tmp_path / "film.mp4", shots([30]), mix, **parts, loudness=-9)
    with pytest.raises(FatalError, match=r"is at -9\.\d LUFS where -16 is asked for: make the mix again"):
        film_of(tmp_path / "film.mp4", shots([30]), mix, **parts, loudness=-16)
    with pytest.raises(FatalError, match="too quiet to be raised that far; give them more gain, or ask for less"):
        film_of(tmp_path / "film.mp4", shots([30]), mix, **parts, loudness=-5)


def test_silence_has_no_loudness_to_check(shots: Any, make_mix: Any, tmp_path: Path) -> None:
    silence = make_mix(RATE, volume=0.0)
    made = film_of(tmp_path / "film.mp4", shots([30]), silence, frames=30, segments=[30], samples=RATE, loudness=-16)
    with av.open(str(made)) as container:
        assert [stream.type for stream in container.streams][:2] == ["video", "audio"]


@pytest.mark.parametrize(
    ("tag", "code"), [("en", "eng"), ("pt-BR", "por"), ("zh_Hans", "zho"), ("deu", "deu"), ("xx", ""), ("", "")]
)
def test_languages_are_told_in_three_letters(tag: str, code: str) -> None:
    assert iso639_2(tag) == code
