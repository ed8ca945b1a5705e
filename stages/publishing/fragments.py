"""Fragmented MP4 for Media Source Extensions: a head, then one fragment a picture."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av

from maskstream.stages.publishing.encoder import Encoding, LiveEncoder
from maskstream.stages.publishing.watchers import Piece
from maskstream.stages.publishing.wire import TICKS_PER_S

__all__ = ["CODEC", "Fragmenter"]

CODEC = "avc1.42C01F"
"""Constrained baseline at level 3.1, in the words of RFC 6381: what every browser
plays, in hardware, up to 3600 macroblocks, which 960x960 pixels are."""

_ENCODING = Encoding(
    crf=26,
    max_bitrate=2_000_000,
    options={"profile": "baseline", "level": "3.1"},
)
_KEYFRAME_TICKS = 2 * TICKS_PER_S
_MOVFLAGS = "+".join(
    (
        "empty_moov",
        "default_base_moof",
        "frag_every_frame",  # when the next one comes: only then is its length known
        "frag_discont",  # times are as given, also where they do not begin at zero
        "skip_trailer",  # nor is the place of each fragment remembered for one
    )
)


class Fragmenter:
    """Encodes pictures of one size. A fragment is whole when the next picture comes.

    It must be closed: PyAV's containers and their streams refer to each other, so that
    only the collector would find one, some cycles late (see `close`).
    """

    def __init__(self, rate: Fraction | None) -> None:
        self._rate = rate
        self._written = _Written()
        # The muxer sees only memory: opening and closing it, with the interpreter's
        # lock, takes no time.
        self._container = av.open(
            cast(Any, self._written),
            "w",
            format="mp4",
            options={
                "movflags": _MOVFLAGS,
                "use_editlist": "0",
                "avoid_negative_ts": "disabled",  # else the first one is moved to zero
            },
        )
        self._encoder: LiveEncoder | None = None
        self._track: Any = None
        self._picture: av.VideoFrame | None = None  # the last one
        self._head = b""
        self._is_start = False  # of the picture before
        self._keyframe_due = 0

    def add(
        self, picture: av.VideoFrame, pts: int, *, wants_start: bool
    ) -> Piece | None:
        """Encode a picture of one's own; returns the fragment of the one before."""
        if self._encoder is None:
            self._encoder = LiveEncoder(_ENCODING, picture, self._rate)
            self._track = self._container.add_mux_stream(
                "h264",
                width=picture.width,
                height=picture.height,
                time_base=Fraction(1, TICKS_PER_S),
            )
        is_keyframe = wants_start or pts >= self._keyframe_due
        if is_keyframe:
            self._keyframe_due = pts + _KEYFRAME_TICKS
        (packet,) = self._encoder.encode(picture, pts, is_keyframe=is_keyframe)
        packet.stream = self._track
        self._container.mux_one(packet)
        self._picture = picture
        was_start, self._is_start = self._is_start, is_keyframe
        written = self._written.take()
        if not self._head:
            self._head = written
            return None
        return Piece(written, was_start, self._head)

    def finish(self, pts: int) -> Piece | None:
        """Return the last fragment, whose picture is shown until ``pts``.

        A player would stop at a gap before what comes next.
        """
        assert self._picture is not None, "no picture was added"
        # Another one right before, which nobody sees, lets the muxer finish it.
        return self.add(self._picture, pts - 1, wants_start=False)

    def close(self) -> None:
        """Let go of encoder and muxer. What is not finished is lost.

        Left to the collector, they lay between what came later: 27 kB more of the heap
        were in use after each, until it was several megabytes larger.
        """
        self._encoder = None
        self._container.close()


class _Written:
    """Gathers what a muxer writes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
