"""A video on the frames of a film: which of its pictures each frame shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import pytest

from tests.conftest import MakeClip, MakeMedia
from tests.seams import read_barcode
from vbmake.errors import FatalError
from vbmake.render import ffmpeg
from vbmake.render.probe import probe
from vbmake.render.video import Clip

X264 = "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p "
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 15 -b:v 500k "


def piece(first: int, end: int, at: str = "0", rate: str = "1") -> dict[str, Any]:
    return {"from": first, "to": end, "at": at, "rate": rate}


def numbers(path: Path, pieces: list[dict[str, Any]], frames: range, fps: str = "30") -> list[int]:
    with Clip(path, pieces, fps) as clip:
        return [read_barcode(clip.frame(f)) for f in frames]


FILES = {
    "frames-b.mp4": X264 + "-bf 3 -g 20",
    "open-gop.mp4": X264 + "-bf 3 -x264-params open-gop=1:keyint=12:min-keyint=12:scenecut=0:b-pyramid=normal",
    "open-gop.mkv": X264 + "-bf 3 -x264-params open-gop=1:keyint=12:min-keyint=12:scenecut=0",
    "open-gop.ts": X264 + "-bf 3 -x264-params open-gop=1:keyint=12:min-keyint=12:scenecut=0",
    "closed.ts": X264 + "-bf 2 -g 10",
    "one-gop.mp4": X264 + "-bf 2 -g 600",
    "frames-b.avi": "-c:v mpeg4 -bf 2 -g 12 -q:v 3",
    "mpeg2.mpg": "-c:v mpeg2video -bf 2 -g 12 -q:v 3",
    "vp8.webm": "-c:v libvpx -deadline realtime -g 15 -auto-alt-ref 1 -lag-in-frames 8 -b:v 500k",
    "vp9.webm": VP9,
    "vp9-alpha.webm": VP9 + "-pix_fmt yuva420p -auto-alt-ref 0",
    "intra.mov": "-c:v mjpeg -q:v 3",
    "prores.mov": "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le",
    "hevc.mp4": "-c:v libx265 -preset ultrafast -x265-params keyint=12:open-gop=1:pools=1:frame-threads=1:log-level=1",
    "bare.h264": X264 + "-bf 2 -g 10",
    "move.gif": "",
}


@pytest.mark.parametrize("name", list(FILES))
def test_any_order_shows_the_pictures_of_a_reading_from_the_start(make_clip: MakeClip, name: str) -> None:
    fps, frames = ("25" if name.endswith("gif") else "30"), 60
    path = make_clip(name, FILES[name], frames=frames, fps=fps)
    whole = [piece(0, frames)]
    with Clip(path, whole, fps) as clip:
        pictures = [clip.frame(f) for f in range(frames)]
    assert [read_barcode(picture) for picture in pictures] == list(range(frames))
    jumps = Random(name).sample(range(frames), 8)
    with Clip(path, whole, fps) as jumping:
        for f in jumps:
            assert np.array_equal(jumping.frame(f), pictures[f]), f"frame {f} after a jump"
    for start in jumps[:4]:
        with Clip(path, whole, fps) as late:
            for f in range(start, min(start + 3, frames)):
                assert np.array_equal(late.frame(f), pictures[f]), f"frame {f} of a range from {start}"
    with Clip(path, [piece(0, frames, at=str(Fraction(frames) / Fraction(fps)), rate="-1")], fps) as backwards:
        for f in range(frames):
            assert np.array_equal(backwards.frame(f), pictures[frames - 1 - f]), f"frame {f} backwards"


def test_a_seek_lands_right_in_a_long_file_with_rare_keyframes(make_clip: MakeClip) -> None:
    path = make_clip("long.ts", X264 + "-bf 3 -g 95 -sc_threshold 0", frames=400)
    with Clip(path, [piece(0, 400)], "30") as clip:
        assert [read_barcode(clip.frame(f)) for f in (350, 2, 399, 189, 190, 191, 0, 300)] == [
            350, 2, 399, 189, 190, 191, 0, 300,
        ]  # fmt: skip


def test_running_backwards_decodes_in_bounded_runs(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbmake.render.pictures._KEPT_BYTES", 1)
    path = make_clip("one-gop.mp4", FILES["one-gop.mp4"])
    assert numbers(path, [piece(0, 60, at="2", rate="-1")], range(60)) == list(range(59, -1, -1))


def test_a_frame_shows_the_picture_at_its_centre(clip: Path) -> None:
    assert numbers(clip, [piece(0, 12, at="1/60")], range(12), "15") == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]
    assert numbers(clip, [piece(0, 8)], range(8), "60") == [0, 0, 1, 1, 2, 2, 3, 3]
    assert numbers(clip, [piece(0, 4)], range(4), "30000/1001") == [0, 1, 2, 3]


def test_pieces_trim_freeze_speed_up_and_loop(clip: Path) -> None:
    pieces = [piece(0, 3, at="1"), piece(3, 5, at="1/3", rate="0"), piece(5, 8, at="0", rate="3"), piece(8, 10, at="0")]
    assert numbers(clip, pieces, range(10)) == [30, 31, 32, 10, 10, 1, 4, 7, 0, 1]


def test_before_and_between_and_after_the_pieces_a_picture_holds(clip: Path) -> None:
    pieces = [piece(2, 4, at="1/3"), piece(6, 8, at="1")]
    assert numbers(clip, pieces, range(-1, 11)) == [10, 10, 10, 10, 11, 11, 11, 30, 31, 31, 31, 31]


def test_beyond_the_file_its_first_and_last_pictures_hold(clip: Path) -> None:
    assert numbers(clip, [piece(0, 4, at="-1/15")], range(4)) == [0, 0, 0, 1]
    assert numbers(clip, [piece(0, 4, at="29/15")], range(4)) == [58, 59, 59, 59]


def test_a_variable_frame_rate_is_followed_by_time(make_clip: MakeClip) -> None:
    path = make_clip("vfr.mp4", X264 + "-vf setpts='if(lt(N,4),N,4+(N-4)*3)/(30*TB)' -fps_mode vfr", frames=10)
    assert numbers(path, [piece(0, 20)], range(14)) == [0, 1, 2, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7]


def test_pictures_keep_their_distance_from_the_sound(make_media: MakeMedia, clip: Path, tone: Path) -> None:
    late = make_media("late.mkv", "-i", str(tone), "-itsoffset", "0.5", "-i", str(clip), "-c:v", "copy")
    assert numbers(late, [piece(0, 30)], range(14, 18)) == [0, 0, 1, 2]


@pytest.mark.parametrize("degrees", ["90", "180", "-90"])
def test_rotation_metadata_is_applied_as_ffmpeg_does(make_media: MakeMedia, clip: Path, degrees: str) -> None:
    path = make_media("turned.mp4", "-display_rotation", degrees, "-i", str(clip), "-c", "copy")
    raw = ffmpeg.run([*ffmpeg.input_args(path), "-vf", "format=bgr24", "-frames:v", "1", "-f", "rawvideo", "-"])
    with Clip(path, [piece(0, 1)], "30") as turned:
        picture = turned.frame(0)
    expected = np.frombuffer(raw, np.uint8).reshape(picture.shape)
    assert np.abs(picture.astype(int) - expected).mean() < 3


NEARLY_LOSSLESS = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]
COLORS = {
    "red": (0, 0, 255),
    "lime": (0, 255, 0),
    "blue": (255, 0, 0),
    "gray": (128, 128, 128),
    "white": (255, 255, 255),
}


@pytest.mark.parametrize(
    ("args", "size"),
    [
        ("-pix_fmt yuv444p -colorspace smpte170m -color_range tv", "64x48"),
        ("-pix_fmt yuv444p -colorspace bt709 -color_range tv", "64x48"),
        ("-pix_fmt yuv444p -colorspace bt709 -color_range pc", "64x48"),
        ("-pix_fmt yuv444p10le -colorspace bt709 -color_range tv", "64x48"),
        ("-pix_fmt yuv420p -colorspace bt2020nc -color_range tv", "64x48"),
    ],
)
@pytest.mark.parametrize("color", COLORS)
def test_colours_follow_the_tags_of_the_file(make_media: MakeMedia, args: str, size: str, color: str) -> None:
    matrix, spread = args.split()[3], {"tv": "limited", "pc": "full"}[args.split()[5]]
    convert = (
        f"format=gbrp,scale=out_color_matrix={matrix}:out_range={spread}:flags=accurate_rnd,format={args.split()[1]}"
    )
    source = ["-f", "lavfi", "-i", f"color={color}:size={size}:rate=30", "-frames:v", "2", "-vf", convert]
    path = make_media(f"{color}.mkv", *source, *NEARLY_LOSSLESS, *args.split())
    with Clip(path, [piece(0, 1)], "30") as clip:
        assert np.abs(clip.frame(0)[20, 20].astype(int) - COLORS[color]).max() <= 4


def test_untagged_colours_go_by_height_as_in_players(make_media: MakeMedia) -> None:
    for height, matrix in ((576, "bt601"), (720, "bt709")):
        convert = (
            f"format=gbrp,scale=out_color_matrix={matrix}:out_range=limited,format=yuv420p,setparams=colorspace=unknown"
        )
        source = ["-f", "lavfi", "-i", f"color=lime:size=64x{height}", "-vf", convert, "-frames:v", "1"]
        path = make_media("lime.mkv", *source, *NEARLY_LOSSLESS)
        with Clip(path, [piece(0, 1)], "30") as clip:
            assert np.abs(clip.frame(0)[20, 20].astype(int) - COLORS["lime"]).max() <= 4


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("a.webm", "-c:v libvpx-vp9 -auto-alt-ref 0 -pix_fmt yuva420p -crf 4 -b:v 0 -deadline realtime"),
        ("b.webm", "-c:v libvpx -auto-alt-ref 0 -pix_fmt yuva420p -qmin 0 -qmax 4 -b:v 2M"),
        ("c.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
        ("d.mov", "-c:v qtrle -pix_fmt argb"),
        ("e.apng", "-c:v apng -pix_fmt rgba"),
    ],
)
def test_transparency_comes_straight_and_exact(make_media: MakeMedia, name: str, args: str) -> None:
    source = "color=white:size=64x48,format=rgba,geq=r=200:g=100:b=50:a='X*4'"
    path = make_media(name, "-f", "lavfi", "-i", source, "-frames:v", "3", *args.split())
    with Clip(path, [piece(0, 3)], "25") as clip:
        picture = clip.frame(2)
    assert picture.shape == (48, 64, 4)
    assert np.abs(picture[24, :, 3].astype(int) - np.arange(64) * 4).max() <= 6
    assert np.abs(picture[24, 32, :3].astype(int) - (50, 100, 200)).max() <= 8


def test_pixels_come_square_and_of_one_size(make_clip: MakeClip) -> None:
    path = make_clip("dv.mp4", X264 + "-vf setsar=16/11", frames=2)
    with Clip(path, [piece(0, 2)], "30") as clip:
        assert [clip.frame(f).shape for f in (0, 1)] == [(48, 93, 3), (48, 93, 3)]


def test_pictures_much_larger_than_wanted_are_scaled_down_to_cover_what_is_wanted(make_clip: MakeClip) -> None:
    path = make_clip("large.mp4", X264, frames=2, size=(256, 128))
    for hint, shape in (((60, 40), (40, 80, 3)), ((200, 10), (128, 256, 3)), (None, (128, 256, 3))):
        with Clip(path, [piece(0, 2)], "30", size_hint=hint) as clip:
            assert clip.frame(1).shape == shape
            assert read_barcode(clip.frame(1)) == 1


def test_pictures_cannot_be_changed_by_who_shows_them(clip: Path) -> None:
    with Clip(clip, [piece(0, 1)], "30") as opened, pytest.raises(ValueError, match="read-only"):
        opened.frame(0)[0, 0] = 0


def test_a_file_that_is_cut_short_ends_with_the_second_it_reaches(make_clip: MakeClip, tmp_path: Path) -> None:
    data = make_clip("fast.mp4", X264 + "-g 10 -bf 2 -movflags +faststart").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 9 // 10])
    with Clip(cut, [piece(0, 60)], "30") as clip:
        assert read_barcode(clip.frame(5)) == 5
        with pytest.raises(FatalError, match=r"cut\.mp4 is damaged or cut short at [01]\.\d\d s"):
            clip.frame(59)


@pytest.mark.parametrize("name", ["frames-b.mp4", "prores.mov"])
def test_a_file_that_is_damaged_in_the_middle_says_where(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    path = make_clip(name, FILES[name])
    data = bytearray(path.read_bytes())
    for position, size in picture_places(path)[30:34]:
        data[position : position + size] = bytes(size)
    damaged = tmp_path / name
    damaged.write_bytes(bytes(data))
    with Clip(damaged, [piece(0, 60)], "30") as clip:
        assert read_barcode(clip.frame(5)) == 5
        with pytest.raises(FatalError, match=r"damaged or cut short at (0\.[89]|1\.[01])\d s"):
            list(map(clip.frame, range(60)))


def picture_places(path: Path) -> list[tuple[int, int]]:
    with av.open(path) as container:
        return [(packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size]


def test_a_sound_is_no_video(tone: Path) -> None:
    with pytest.raises(FatalError, match=r"tone\.wav has no pictures, only sound"):
        Clip(tone, [piece(0, 1)], "30")


@pytest.mark.parametrize("name", ["closed.ts", "open-gop.ts", "mpeg2.ts", "hevc.ts"])
def test_a_recording_that_begins_between_keyframes_begins_at_the_first(
    make_clip: MakeClip, tmp_path: Path, name: str
) -> None:
    args = {"mpeg2.ts": FILES["mpeg2.mpg"], "hevc.ts": FILES["hevc.mp4"]}
    whole = make_clip(name, args.get(name) or FILES[name])
    late = tmp_path / name
    late.write_bytes(whole.read_bytes()[picture_places(whole)[5][0] // 188 * 188 :])
    measures = probe(late)
    with Clip(late, [piece(0, 60)], "30") as clip:
        shown = [read_barcode(clip.frame(f)) for f in range(40)]
    assert shown == list(range(shown[0], shown[0] + 40))
    assert 8 <= shown[0] <= 12
    if name == "closed.ts":
        assert (measures["frames"], measures["duration"]) == (60 - shown[0], str(Fraction(60 - shown[0], 30)))
