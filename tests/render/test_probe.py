"""What is measured of a media file, from its packets and not from what it promises."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeClip, MakeMedia
from vbmake.errors import FatalError
from vbmake.render.probe import probe

X264 = "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p "


def found(path: Path, *names: str) -> list[Any]:
    measures = probe(path)
    return [measures[name] for name in names]


def cut_to(path: Path, target: Path, share: float) -> Path:
    data = path.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def test_a_video_is_measured_exactly(clip: Path) -> None:
    assert probe(clip) == {
        "kind": "video", "width": 64, "height": 48, "duration": "2", "frames": 60, "fps": "30", "audio": False,
        "alpha": False, "rotation": 0, "variable": False,
    }  # fmt: skip


def test_sound_beside_pictures_is_seen(talking_clip: Path) -> None:
    assert found(talking_clip, "kind", "audio", "duration", "frames") == ["video", True, "2", 60]


@pytest.mark.parametrize(
    ("name", "args", "fps"),
    [
        ("ntsc.mp4", X264 + "-bf 2", "30000/1001"),
        ("film.mkv", X264, "24000/1001"),
        ("pal.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8", "25"),
        ("old.avi", "-c:v mpeg4 -bf 2", "25"),
        ("cast.ts", X264 + "-bf 2", "50"),
        ("gray.mov", "-c:v mjpeg", "12"),
        ("raw.h264", X264, "24"),
        ("move.gif", "", "25"),
    ],
)
def test_every_container_gives_the_rate_and_the_number_of_pictures(
    make_clip: MakeClip, name: str, args: str, fps: str
) -> None:
    path = make_clip(name, args, frames=25, fps=fps)
    assert found(path, "kind", "fps", "frames", "variable") == ["video", fps, 25, False]
    assert probe(path)["duration"] == str(25 / Fraction(fps))


def test_rotation_metadata_turns_the_size(make_media: MakeMedia, clip: Path) -> None:
    turned = make_media("phone.mp4", "-display_rotation", "-90", "-i", str(clip), "-c", "copy")
    assert found(turned, "width", "height", "rotation") == [48, 64, 90]


def test_stored_pixels_that_are_not_square_give_the_shown_size(make_clip: MakeClip) -> None:
    wide = make_clip("dv.mp4", X264 + "-vf setsar=16/11", frames=5)
    assert found(wide, "width", "height") == [93, 48]


def test_a_variable_frame_rate_is_told(make_clip: MakeClip) -> None:
    path = make_clip("phone.mp4", X264 + "-vf setpts='if(lt(N,10),N,10+(N-10)*2.5)/(30*TB)' -fps_mode vfr", frames=30)
    assert found(path, "variable", "frames") == [True, 30]


def test_odd_sizes_and_ten_bits_are_fine(make_clip: MakeClip) -> None:
    odd = make_clip("odd.mkv", "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv444p10le", frames=5, size=(63, 47))
    assert found(odd, "kind", "width", "height", "alpha") == ["video", 63, 47, False]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("alpha9.webm", "-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0 -deadline realtime -cpu-used 8"),
        ("alpha8.webm", "-c:v libvpx -pix_fmt yuva420p -auto-alt-ref 0 -deadline realtime"),
        ("alpha.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    ],
)
def test_transparency_of_videos_is_seen(make_clip: MakeClip, name: str, args: str) -> None:
    assert found(make_clip(name, args, frames=5), "kind", "alpha", "frames") == ["video", True, 5]


def test_pictures_that_are_never_shown_are_not_counted(make_clip: MakeClip) -> None:
    path = make_clip("altref.webm", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k", frames=60)
    assert found(path, "frames", "fps") == [60, "30"]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff"])
def test_stills_are_images(make_clip: MakeClip, name: str) -> None:
    assert probe(make_clip(name, "", frames=1)) == {
        "kind": "image", "width": 64, "height": 48, "duration": "0", "frames": 1, "fps": None, "audio": False,
        "alpha": False, "rotation": 0, "variable": False,
    }  # fmt: skip


def test_a_gif_of_one_picture_is_an_image_and_of_more_a_video(make_clip: MakeClip) -> None:
    assert found(make_clip("one.gif", "", frames=1), "kind", "frames") == ["image", 1]
    assert found(make_clip("more.gif", "", frames=4, fps="10"), "kind", "frames", "duration") == ["video", 4, "2/5"]


def test_transparent_pixels_and_not_the_format_make_an_image_transparent(make_media: MakeMedia) -> None:
    for color, alpha in (("red@0.5", True), ("red", False)):
        source = f"color={color}:size=8x8,format=rgba"
        path = make_media(f"{alpha}.png", "-f", "lavfi", "-i", source, "-frames:v", "1", "-pix_fmt", "rgba")
        assert probe(path)["alpha"] is alpha


def test_the_orientation_of_a_photo_turns_its_size(photo: Path, tmp_path: Path) -> None:
    entry = struct.pack(
        ">HHIHH", 0x0112, 3, 1, 6, 0
    )  # EXIF 2.32: Orientation, SHORT, one value: turn 90 degrees clockwise
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    data = photo.read_bytes()
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    assert found(photo, "width", "height", "rotation") == [96, 64, 0]
    assert found(turned, "width", "height", "rotation") == [64, 96, 90]


@pytest.mark.parametrize(
    ("name", "args"),
    [("a.wav", []), ("a.flac", []), ("a.mp3", []), ("a.ogg", ["-c:a", "libopus"]), ("a.m4a", []), ("a.aiff", [])],
)
def test_sounds_last_as_long_as_they_are_heard(make_media: MakeMedia, tone: Path, name: str, args: list[str]) -> None:
    assert found(make_media(name, "-i", str(tone), *args), "kind", "duration", "audio", "frames") == [
        "audio", "1", True, None,
    ]  # fmt: skip


def test_a_sound_with_a_cover_picture_is_a_sound(make_media: MakeMedia, tone: Path, photo: Path) -> None:
    inputs = ["-i", str(tone), "-i", str(photo), "-map", "0", "-map", "1"]
    cover = make_media("cover.m4a", *inputs, "-c:v", "mjpeg", "-disposition:v", "attached_pic")
    assert found(cover, "kind", "duration", "width") == ["audio", "1", 0]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>', [30, 20]),
        ('<?xml version="1.0"?><!-- x --><svg viewBox="0 0 200 100" width="1in"/>', [96, 48]),
        ('<svg viewBox="0,0,40,10" width="100%"/>', [40, 10]),
    ],
)
def test_drawings_have_their_natural_size(tmp_path: Path, text: str, size: list[int]) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(text)
    assert found(path, "kind", "alpha", "width", "height") == ["image", True, *size]


def refused(path: Path) -> str:
    with pytest.raises(FatalError) as caught:
        probe(path)
    assert str(caught.value).startswith(path.name)
    return str(caught.value)


def test_a_missing_file_and_a_directory_are_told(tmp_path: Path) -> None:
    assert "was not found" in refused(tmp_path / "gone.mp4")
    assert "is not a file" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty (0 bytes): copy, download or record it again"),
        (b"Two thousand years ago.\n", "is a text file, not a video, an image or a sound"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is a web page, not media"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "is a playlist, which names other files"),
        (b"ffconcat version 1.0\nfile 'x'\n", "is a playlist, which names other files"),
        (bytes(range(256)) * 8, "is not a video, an image or a sound that can be read"),
    ],
)
def test_what_is_no_media_is_told_for_what_it_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "sea.mp4"
    path.write_bytes(content)
    assert reason in refused(path)


def test_a_file_whose_index_is_missing_is_cut_short(clip: Path, tmp_path: Path) -> None:
    assert "cut short or damaged (its index is missing)" in refused(cut_to(clip, tmp_path / "a.mp4", 0.5))


def test_a_file_that_is_shorter_than_its_index_says_is_cut_short(make_clip: MakeClip, tmp_path: Path) -> None:
    fast = make_clip("fast.mp4", X264 + "-movflags +faststart")
    assert "is cut short: it has" in refused(cut_to(fast, tmp_path / "a.mp4", 0.8))


def test_a_file_that_is_shorter_than_its_header_says_is_cut_short(make_clip: MakeClip, tmp_path: Path) -> None:
    long = make_clip("long.mkv", X264 + "-g 10", frames=240)
    assert "it says it lasts 8.00 s and ends at" in refused(cut_to(long, tmp_path / "a.mkv", 0.5))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_an_image_that_is_cut_short_is_told(make_media: MakeMedia, tmp_path: Path, name: str) -> None:
    whole = make_media(name, "-f", "lavfi", "-i", "testsrc2=size=96x64", "-frames:v", "1")
    assert "cut short" in refused(cut_to(whole, tmp_path / name, 0.6))


@pytest.mark.parametrize("name", ["none.mkv", "none.avi", "none.ts"])
def test_a_video_without_a_picture_is_told(make_media: MakeMedia, tone: Path, clip: Path, name: str) -> None:
    streams = ["-i", str(tone), "-i", str(clip), "-map", "0", "-map", "1", "-c:v", "copy", "-bsf:v", "noise=drop=1"]
    assert "without a single picture" in refused(make_media(name, *streams))


def test_an_animated_webp_is_told_what_to_become(make_clip: MakeClip) -> None:
    assert "is an animated WebP, which cannot be read: convert it" in refused(make_clip("a.webp", "-c:v libwebp_anim"))


def test_a_damaged_first_picture_is_told(clip: Path, tmp_path: Path) -> None:
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 3000] = bytes(3000)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(bytes(data))
    assert "damaged" in refused(path)
