"""Proof that an output keeps what its input had: times, sound, orientation, colours.

Both files are read side by side and nothing is kept, so memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import av
from av.container import InputContainer
from av.video.reformatter import ColorPrimaries, ColorTrc

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.colour import matrix_and_range
from maskstream.stages.demux import demux_pictures
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.source import Source
from maskstream.stages.verify_tracks import (
    Check,
    compare_chapters,
    compare_side_tracks,
    open_clip,
)

__all__ = ["Check", "VerifyReport", "verify"]

_MATRICES = {  # AVColorSpace, libavutil/pixfmt.h
    0: "rgb",
    1: "bt709",
    2: "unspecified",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    9: "bt2020nc",
}
_HALF_A_MILLISECOND = Fraction(1, 2000)
_ERROR_BUDGET = 1000  # the run's own


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All that was compared, one row a thing."""

    rows: tuple[Check, ...]

    @property
    def differences(self) -> list[str]:
        """What differs, a sentence each."""
        return [row.difference for row in self.rows if row.difference is not None]

    @property
    def ok(self) -> bool:
        """Nothing differs."""
        return not self.differences


def verify(source: Path, output: Path) -> VerifyReport:
    """Compare an output with the input that it was made from.

    Pictures are decoded and their pts compared as fractions of a second: they must be
    equal or, in Matroska, whose clock ticks in milliseconds, equal when rounded to
    them. Packets of the other tracks must hold the same bytes at the same times.

    Raises:
        SourceError: One of them cannot be read, or has no video.
    """
    return VerifyReport(
        (
            *_compare_first_pictures(source, output),
            *_compare_times(source, output),
            *compare_side_tracks(source, output),
            compare_chapters(source, output),
        )
    )


def _compare_first_pictures(source: Path, output: Path) -> Iterator[Check]:
    with open_clip(source) as before, open_clip(output) as after:
        theirs, ours = before.streams.video[0], after.streams.video[0]
        was, now = next(_decode(source, before)), next(_decode(output, after))
        shapes = [s.sample_aspect_ratio or Fraction(1) for s in (theirs, ours)]
    yield _compare("size", f"{was.width}x{was.height}", f"{now.width}x{now.height}")
    yield _compare("rotation", f"{was.rotation % 360}°", f"{now.rotation % 360}°")
    yield _compare(
        "sample aspect ratio", *(f"{s.numerator}:{s.denominator}" for s in shapes)
    )
    yield _compare("scan", _scan(was), _scan(now))
    if was.format.is_rgb or was.format.has_palette:
        yield Check("colours", "rgb", _matrix(now))
        return
    describe: dict[str, Callable[[av.VideoFrame], str]] = {
        "matrix": _matrix,
        "range": _range,
        "primaries": lambda p: _name(ColorPrimaries, p.color_primaries),
        "transfer": lambda p: _name(ColorTrc, p.color_trc),
    }
    for what, name_of in describe.items():
        yield _compare(what, name_of(was), name_of(now))


def _compare_times(source: Path, output: Path) -> Iterator[Check]:
    with open_clip(source) as before, open_clip(output) as after:
        theirs, ours = before.streams.video[0], after.streams.video[0]
        is_matroska = "matroska" in after.format.name
        was, now = _Span(), _Span()
        moves = _Moves(_HALF_A_MILLISECOND if is_matroska else Fraction(0))
        for a, b in zip_longest(_decode(source, before), _decode(output, after)):
            start_a = was.add(a)
            start_b = now.add(b)
            if start_a is not None and start_b is not None:
                moves.add(start_b - start_a)
        # MP4 keeps the distances of dts, so the length of the last picture is a guess
        # of the reader's where pictures are stored out of order.
        is_guessed = ours.has_b_frames and not is_matroska
        slack = max(
            theirs.time_base or 0,
            ours.time_base or 0,
            now.last_duration if is_guessed else 0,
        )
    yield _compare("number of pictures", str(was.num_pictures), str(now.num_pictures))
    yield Check(
        "pts",
        f"{moves.num_compared} pictures",
        f"{moves.num_equal} equal {'to the millisecond' if is_matroska else 'exactly'}",
        moves.difference,
    )
    lengths = f"{float(was.duration):.6f} s", f"{float(now.duration):.6f} s"
    is_other = was.last_duration > 0 and abs(now.duration - was.duration) > slack
    yield Check(
        "duration",
        *lengths,
        f"the duration was {lengths[0]} and is now {lengths[1]}" if is_other else None,
    )


class _Moves:
    """By how much the pts of pictures have moved."""

    def __init__(self, slack: Fraction) -> None:
        self._slack = slack
        self.num_compared = 0
        self.num_equal = 0
        self._least = self._most = Fraction(0)

    def add(self, move: Fraction) -> None:
        self._least = min(self._least, move) if self.num_compared else move
        self._most = max(self._most, move) if self.num_compared else move
        self.num_compared += 1
        self.num_equal += abs(move) <= self._slack

    @property
    def difference(self) -> str | None:
        num_moved = self.num_compared - self.num_equal
        if num_moved == 0:
            return None
        if self._most - self._least <= 2 * self._slack:
            return f"every picture is moved in time by {float(self._most):+.6f} s"
        return (
            f"{num_moved} of {self.num_compared} pictures are moved in time, "
            f"by {float(self._least):+.6f} to {float(self._most):+.6f} s"
        )


class _Span:
    """How many pictures went by, and from when to when."""

    def __init__(self) -> None:
        self.num_pictures = 0
        self.last_duration = Fraction(0)
        self._start: Fraction | None = None
        self._end = Fraction(0)

    def add(self, picture: av.VideoFrame | None) -> Fraction | None:
        """Count a picture; return its time in seconds if it has one."""
        if picture is None:
            return None
        self.num_pictures += 1
        if picture.pts is None or picture.time_base is None:
            return None
        start = picture.pts * picture.time_base
        self.last_duration = (picture.duration or 0) * picture.time_base
        self._start = start if self._start is None else self._start
        self._end = start + self.last_duration
        return start

    @property
    def duration(self) -> Fraction:
        return self._end - (self._start or 0)


def _decode(path: Path, container: InputContainer) -> Iterator[av.VideoFrame]:
    """Decode what a run decodes: damage costs the same pictures in both."""
    source = Source(name=path.stem, display=str(path), url=str(path))
    budget = ErrorBudget(source, source.name, Ledger(), _ERROR_BUDGET)
    video = container.streams.video[0]
    return demux_pictures(container, video, (), video.decode, lambda _: None, budget)


def _compare(what: str, was: str, now: str) -> Check:
    difference = None if was == now else f"the {what} was {was} and is now {now}"
    return Check(what, was, now, difference)


def _scan(picture: av.VideoFrame) -> str:
    return "interlaced" if picture.interlaced_frame else "progressive"


def _matrix(picture: av.VideoFrame) -> str:
    return _MATRICES.get(picture.colorspace, str(picture.colorspace))


def _range(picture: av.VideoFrame) -> str:
    return "full" if matrix_and_range(picture).is_full_range else "limited"


def _name(kind: type[ColorPrimaries | ColorTrc], value: int) -> str:
    try:
        return kind(value).name.lower()
    except ValueError:
        return str(value)
