"""ffmpeg, the program: which one it is, and that an untrusted file opens nothing but itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeClip
from vbmake.errors import JobError, MissingTool
from vbmake.render import ffmpeg

DECODE = ["-f", "null", "-"]


def read(path: Path | str, **kwargs: str) -> bytes:
    return ffmpeg.run([*ffmpeg.input_args(path, **kwargs), *DECODE])


def test_the_bundled_program_is_recent_enough_to_be_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VBMAKE_FFMPEG", raising=False)
    assert ffmpeg.version() >= (5,)
    assert ffmpeg.identity() == ffmpeg.identity()


def test_another_program_can_be_named_and_keeps_its_identity_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VBMAKE_FFMPEG", raising=False)
    identity = ffmpeg.identity()
    own = tmp_path / "my ffmpeg"
    own.symlink_to(ffmpeg.executable())
    monkeypatch.setenv("VBMAKE_FFMPEG", str(own))
    assert ffmpeg.executable() == str(own)
    assert ffmpeg.identity() == identity


def test_another_build_has_another_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VBMAKE_FFMPEG", raising=False)
    identity = ffmpeg.identity()
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho 'ffmpeg version 9.9-mine Copyright'\necho 'configuration: --enable-gpl'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("VBMAKE_FFMPEG", str(fake))
    assert ffmpeg.identity() != identity
    assert ffmpeg.identity().startswith("ffmpeg 9.9-mine ")
    assert ffmpeg.version() == (9, 9)


def test_a_named_program_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBMAKE_FFMPEG", "/nowhere/ffmpeg")
    with pytest.raises(
        MissingTool, match=r"VBMAKE_FFMPEG is '/nowhere/ffmpeg', which is no program; correct it or unset"
    ):
        ffmpeg.executable()


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("true", "it says nothing; correct it or unset it"),
        ("echo GNU tools 9.4; echo more", "it says 'GNU tools 9.4 more'; correct"),
        ("echo oops >&2; exit 3", "it says 'other failed with exit code 3: oops'"),
    ],
)
def test_a_named_program_that_is_no_ffmpeg_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str, told: str
) -> None:
    other = tmp_path / "other"
    other.write_text(f"#!/bin/sh\n{does}\n")
    other.chmod(0o755)
    monkeypatch.setenv("VBMAKE_FFMPEG", str(other))
    with pytest.raises(MissingTool, match=f"VBMAKE_FFMPEG is '{other}', which is no ffmpeg: .*{told}"):
        ffmpeg.executable()


def test_an_honest_file_is_read(talking_clip: Path, photo: Path, tone: Path) -> None:
    for path in (talking_clip, photo, tone):
        read(path)


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.ts"])
def test_a_playlist_reads_no_other_file(make_clip: MakeClip, tmp_path: Path, name: str) -> None:
    secret = make_clip("secret.ts", "-c:v mpeg2video", frames=10)
    playlist = tmp_path / name
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(JobError, match=r"not on whitelist|Invalid data|Invalid argument"):
        read(playlist)


def test_a_list_for_joining_reads_no_other_file(clip: Path, tmp_path: Path) -> None:
    joined = tmp_path / "joined.mp4"
    joined.write_text(f"ffconcat version 1.0\nfile '{clip.name}'\n")
    shutil.copy(clip, tmp_path / clip.name)
    with pytest.raises(JobError):
        read(joined)


@pytest.mark.parametrize("trick", ["concat:{0}|{0}", "subfile,,start,0,end,0,,:{0}", "file:{0}", "data:text/plain,{0}"])
def test_a_path_is_never_taken_for_a_url(clip: Path, trick: str) -> None:
    with pytest.raises(JobError, match="No such file"):
        read(trick.format(clip))


def test_a_name_with_a_pattern_is_one_file(photo: Path, tmp_path: Path) -> None:
    for name in ("%d.jpg", "%03d *?[x].jpg"):
        shutil.copy(photo, tmp_path / name)
        read(tmp_path / name)
    shutil.copy(photo, tmp_path / "1.jpg")
    (tmp_path / "%d.jpg").unlink()
    with pytest.raises(JobError, match="not on whitelist"):
        read(tmp_path / "%d.jpg")


def test_progress_is_told_in_frames_and_never_passes_the_total(clip: Path) -> None:
    seen: list[tuple[int, int]] = []
    ffmpeg.run([*ffmpeg.input_args(clip), *DECODE], progress=lambda done, total: seen.append((done, total)), total=60)
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_failure_carries_the_last_words_of_the_program(tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(JobError, match="No such file or directory"):
        ffmpeg.run([*ffmpeg.input_args(tmp_path / "gone.mp4"), *DECODE], log=lines.append)
    assert any("gone.mp4" in line for line in lines)


def test_standard_input_can_be_read() -> None:
    raw = bytes(range(48)) * 2
    shape = ["-pixel_format", "rgb24", "-video_size", "4x4"]
    args = ffmpeg.input_args("-", format="rawvideo", before=shape)
    out = ffmpeg.run([*args, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], stdin=raw)
    assert out == raw
