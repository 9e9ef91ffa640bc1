"""The pictures of one video stream by time: each decoded once going forwards, any of them after an exact seek."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vbmake.errors import FatalError
from vbmake.render import media

# Formats whose pictures build on all earlier ones, or that carry no times: read from the start.
_FROM_START = {"gif", "apng", "h264", "hevc", "av1", "obu", "m4v", "mjpeg", "mpegvideo", "yuv4mpegpipe", "rawvideo"}
# Decoding on is cheaper than seeking across less than this (seconds).
_LEAP = 3
# Pictures kept so that a film can run backwards: as many as fit, but some.
_KEPT_BYTES = 192 * 2**20
_KEPT_LEAST = 8


class Pictures:
    """A window of decoded pictures that follow one another in time, moved to where it is needed.

    The window's last picture only says until when the one before it is on screen, unless the file has ended there.
    Which picture a time gives does not depend on what was asked before: after a seek, pictures that a keyframe does not
    wholly determine are left out, and the seek goes further back until what it finds begins at or before the time.
    """

    def __init__(self, path: Path, backwards: bool = False) -> None:
        self._path = path
        self._pts: list[int] = []
        self._frames: list[VideoFrame] = []
        self._most = 2
        self._container, self._stream = _open(path)
        self._stand_at_start()
        if not self._frames:
            self.close()
            raise FatalError(f"{path.name} has a video track without a single picture: export it again or leave it out")
        self._first = self._pts[0]
        self._origin = media.start_time(self._container, self._first * self._tick)
        if backwards:
            size = self._frames[0].width * self._frames[0].height * 3
            self._most = max(_KEPT_LEAST, _KEPT_BYTES // max(1, size))

    @property
    def aspect(self) -> Fraction | None:
        """The shape of the stored pixels, width by height (None: not told)."""
        return self._stream.sample_aspect_ratio

    def close(self) -> None:
        """Close the file."""
        self._pts.clear()
        self._frames.clear()
        self._container.close()

    def at(self, second: Fraction) -> VideoFrame:
        """The picture on screen at a second of the file's own time; the first before it begins, the last after it ends.

        Raises FatalError where the file is damaged.
        """
        target = (second + self._origin) // self._tick
        if (target < self._pts[0] != self._first) or self._far(target):
            self._leap(target)
        while not self._ended and self._pts[-1] <= target:
            self._advance()
        return self._frames[max(0, bisect.bisect_right(self._pts, target) - 1)]

    def _far(self, target: int) -> bool:
        """Whether a keyframe further on is a better start than going on from here."""
        if self._ended or not self._seekable or (target - self._pts[-1]) * self._tick < _LEAP:
            return False
        index = self._stream.index_entries
        nearest = index.search_timestamp(target) if len(index) else -1
        return nearest < 0 or index[nearest].timestamp > self._pts[-1]

    def _restart(self) -> None:
        """Stand at the file's first picture, as at the beginning."""
        self._container.close()
        self._container, self._stream = _open(self._path)
        self._stand_at_start()

    def _stand_at_start(self) -> None:
        self._tick = Fraction(self._stream.time_base or 1)
        form = self._container.format.name
        self._seekable = form not in _FROM_START and not form.endswith("_pipe")
        self._cut_short = media.file_size_by_index(self._container) > self._path.stat().st_size
        try:
            self._context = media.decoder(self._stream, self._path.name)
            self._begin()
        except FatalError:
            self._container.close()
            raise

    def _leap(self, target: int) -> None:
        """Stand at a picture at or before `target` from which all that follow are exact."""
        back = 0
        while self._seekable and target - back > self._first:
            try:
                self._container.seek(target - back, stream=self._stream)
            except av.error.FFmpegError:
                break
            self._context.flush_buffers()
            self._begin()
            if self._pts and self._pts[0] <= target:
                return
            back = back * 4 or round(1 / self._tick)
        self._restart()

    def _begin(self) -> None:
        """Fill the window with the first picture from where the file stands."""
        self._pts.clear()
        self._frames.clear()
        self._ended = False
        self._coming = self._decode()
        self._advance()

    def _advance(self) -> None:
        """Decode one picture more and let the oldest go."""
        for pts, frame in self._coming:
            if not self._pts or pts > self._pts[-1]:
                self._pts.append(pts)
                self._frames.append(frame)
                if len(self._pts) > self._most:
                    del self._pts[0], self._frames[0]
                return
        self._ended = True

    def _decode(self) -> Iterator[tuple[int, VideoFrame]]:
        """The pictures from the next keyframe on, with their times in ticks.

        Pictures that come before the keyframe in time but after it in the file (an open GOP's) need what is not there.
        """
        key: int | None = None
        begun = False
        count = 0
        second = Fraction(0)
        try:
            for packet in self._container.demux(self._stream):
                if packet.size and not begun and not packet.is_keyframe:
                    continue
                if packet.size and not begun:
                    begun, key = True, packet.pts
                if packet.is_corrupt:
                    media.broken(self._path.name, second)
                for frame in self._context.decode(packet if packet.size else None):
                    bare = count / media.bare_rate(self._stream) / self._tick
                    pts = frame.pts if frame.pts is not None else round(bare)
                    count += 1
                    if key is not None and pts < key:
                        continue
                    if frame.is_corrupt:
                        media.broken(self._path.name, pts * self._tick)
                    second = pts * self._tick
                    yield pts, frame
        except av.error.FFmpegError as error:
            media.broken(self._path.name, second, error)
        if self._cut_short:
            media.broken(self._path.name, second)


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    container = media.open_media(path)
    stream = media.video_stream(container)
    if stream is None:
        container.close()
        raise FatalError(f"{path.name} has no pictures, only sound: use it as a sound, or give a video")
    return container, stream
