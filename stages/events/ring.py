"""The last seconds of a stream, encoded: what a clip of an event begins with."""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream

from maskstream.pipeline.frame import Frame
from maskstream.stages.codecs import CODECS, convert, pixel_format_for, tag_like
from maskstream.stages.mux import add_track
from maskstream.stages.planes import PictureCopier

__all__ = ["CodedPicture", "LiveEncoder", "Ring"]

_CODEC = CODECS["h264"]
# No picture is held back, so that one goes in and one comes out. Measured at 540p on
# one core: ultrafast 2.6 ms, superfast 7.4, JPEG 2.1 and half as much memory again.
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "25", "g": "1000000"}
_KEYFRAME_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class CodedPicture:
    """One picture as H.264."""

    frame: Frame
    """Whose it is, without its picture."""
    payload: bytes
    pts: int
    """In units of the track's time base."""
    is_keyframe: bool
    seconds: float
    """Of the stream's own clock."""


class LiveEncoder:
    """Encodes pictures of one format, one by one, with a keyframe each second."""

    def __init__(self, first: Frame) -> None:
        self._copier = PictureCopier()
        self._container = av.open(io.BytesIO(), "w", format="mp4")  # holds the track
        self._pix_fmt = pixel_format_for(_CODEC, first.picture)
        self.track: VideoStream = add_track(
            self._container, _CODEC.encoder, self._pix_fmt, first.format, _OPTIONS, 1
        )
        self.track.codec_context.thread_type = "SLICE"  # frames would be held back
        tag_like(self.track.codec_context, convert(first.picture, self._pix_fmt))
        self._container.start_encoding()
        self._least_pts = first.pts
        self._key_s = float("-inf")

    def encode(self, frame: Frame, bare: Frame) -> list[CodedPicture]:
        """Encode a frame; ``bare`` is what of it is kept beside the payload."""
        # A copy: other encoders read this picture, and are not to make keyframes too.
        picture = convert(self._copier.copy(frame.picture), self._pix_fmt)
        pts = picture.pts = max(frame.pts, self._least_pts)
        picture.time_base, picture.duration = frame.format.time_base, frame.duration
        self._least_pts = pts + 1
        seconds = frame.pts_seconds
        if not 0 <= seconds - self._key_s < _KEYFRAME_S:
            self._key_s = seconds
            picture.pict_type = PictureType.I
        return [
            CodedPicture(bare, bytes(packet), pts, packet.is_keyframe, seconds)
            for packet in self.track.encode(picture)
        ]


class Ring:
    """The last ``length_s`` of a stream, from a keyframe, in ``max_bytes`` at most."""

    def __init__(self, length_s: float, max_bytes: int) -> None:
        self._length_s = length_s
        self._max_bytes = max_bytes
        self._groups: deque[list[CodedPicture]] = deque()
        self.num_bytes = 0

    def push(self, coded: CodedPicture) -> None:
        """Remember a picture, and forget what is too old or too much."""
        if coded.is_keyframe or not self._groups:
            self._groups.append([])
        self._groups[-1].append(coded)
        self.num_bytes += len(coded.payload)
        begin_s = coded.seconds - self._length_s
        while len(self._groups) > 1 and (
            self._groups[1][0].seconds <= begin_s
            or self._groups[0][-1].seconds < begin_s  # from before a gap
            or self.num_bytes > self._max_bytes
        ):
            self.num_bytes -= sum(len(old.payload) for old in self._groups.popleft())

    def pictures(self) -> list[CodedPicture]:
        """Everything that is remembered."""
        return [coded for group in self._groups for coded in group]
