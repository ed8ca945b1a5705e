"""Proof that audio, subtitles, data and chapters came through a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from maskstream.pipeline.errors import SourceError
from maskstream.stages.side_streams import side_streams
from maskstream.stages.side_tracks import is_end_of_text

__all__ = ["Check", "compare_chapters", "compare_side_tracks", "open_clip"]

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared."""

    what: str
    source: str
    """What the input has, in words."""
    output: str
    """What the output has."""
    difference: str | None = None
    """A sentence, where the two differ by more than the container makes them."""


@contextmanager
def open_clip(path: Path) -> Iterator[InputContainer]:
    """Open a file that has video.

    Raises:
        SourceError: It cannot be read, or has no video.
    """
    try:
        container = av.open(str(path))
    except (OSError, av.FFmpegError) as error:
        raise SourceError(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}"
        ) from error
    with container:
        if not container.streams.video:
            raise SourceError(f"{path} has no video")
        yield container


def compare_side_tracks(source: Path, output: Path) -> Iterator[Check]:
    """Compare each track of the source with the one that was made of it."""
    with open_clip(source) as before, open_clip(output) as after:
        pairs = _pair(before, after)
    for name, was, now in pairs:
        if now is None:
            yield Check(name, "there", "missing", f"the {name} is missing")
        else:
            yield _compare_packets(name, source, was, output, now)


def compare_chapters(source: Path, output: Path) -> Check:
    """Compare the times and titles of the chapters."""
    with open_clip(source) as before, open_clip(output) as after:
        theirs, ours = _chapters(before), _chapters(after)
    difference = None if theirs == ours else "the chapters differ"
    return Check("chapters", str(len(theirs)), str(len(ours)), difference)


def _chapters(container: InputContainer) -> list[tuple[int, int, str]]:
    """List begin and end in milliseconds, and title."""
    return [
        (
            round(chapter["start"] * (chapter["time_base"] or 0) * 1000),
            round(chapter["end"] * (chapter["time_base"] or 0) * 1000),
            chapter["metadata"].get("title", ""),
        )
        for chapter in container.chapters()
    ]


def _pair(
    before: InputContainer, after: InputContainer
) -> list[tuple[str, int, int | None]]:
    """Find which track became which: (name, index before, index after)."""
    left, wanted = (
        [track for track in side_streams(container) if track.type != "attachment"]
        for container in (after, before)
    )
    pairs: list[tuple[str, int, int | None]] = []
    for track in wanted:
        name = f"{track.type} track {track.index} ({_codec_of(track)})"
        # MOV holds data whose kind a reader cannot name.
        likely = (_codec_of(track), _UNKNOWN)
        made_of_it = next(
            (t for t in left if t.type == track.type and _codec_of(t) in likely), None
        )
        if made_of_it is not None:
            left.remove(made_of_it)
        pairs.append(
            (name, track.index, None if made_of_it is None else made_of_it.index)
        )
    return pairs


def _compare_packets(
    name: str, source: Path, was: int, output: Path, now: int
) -> Check:
    """Compare two tracks packet by packet.

    Those of PCM mean nothing, a reader cuts them as it likes: its samples are compared.
    """
    num_different = num_moved = 0
    with open_clip(source) as before, open_clip(output) as after:
        theirs, ours = before.streams[was], after.streams[now]
        if _codec_of(theirs).startswith("pcm_"):
            same = _digest(before, theirs) == _digest(after, ours)
            difference = None if same else f"the samples of the {name} differ"
            return Check(name, "samples", "samples", difference)
        num_theirs = num_ours = 0
        slack = (ours.time_base or Fraction(0)) / 2
        for a, b in zip_longest(_packets(before, theirs), _packets(after, ours)):
            num_theirs += a is not None
            num_ours += b is not None
            if a is None or b is None:
                continue
            num_different += _payload(a) != _payload(b)
            num_moved += _is_moved(a, b, slack)
    problems = []
    if num_theirs != num_ours:
        problems.append(f"had {num_theirs} packets and has {num_ours}")
    if num_different:
        problems.append(f"has other bytes in {num_different}")
    if num_moved:
        problems.append(f"has another pts in {num_moved}")
    return Check(
        name,
        f"{num_theirs} packets",
        f"{num_ours} packets",
        f"the {name} {' and '.join(problems)}" if problems else None,
    )


def _packets(container: InputContainer, track: Any) -> Iterator[av.Packet[Any]]:
    """Read the packets of a track, less those that MP4 ends a line of text with."""
    for packet in container.demux(track):
        if packet.size and not is_end_of_text(packet):
            yield packet


def _is_moved(a: av.Packet[Any], b: av.Packet[Any], slack: Fraction) -> bool:
    """Whether two packets have times that the container's clock does not explain."""
    if a.pts is None:
        return False
    if b.pts is None:
        return a.pts >= 0  # Matroska has no times before zero
    return abs(a.pts * a.time_base - b.pts * b.time_base) > slack


def _payload(packet: av.Packet[Any]) -> bytes:
    """Read the bytes of a packet, less the ADTS header that MPEG-TS wants before AAC.

    Source: ISO/IEC 13818-7, section 6.2: 12 sync bits, 2 zero bits of the layer, and a
    header of 7 bytes, or 9 with a checksum.
    """
    payload = bytes(packet)
    if payload[:1] == b"\xff" and len(payload) > 9 and payload[1] & 0xF6 == 0xF0:
        return payload[7 if payload[1] & 1 else 9 :]
    return payload


def _digest(container: InputContainer, track: Any) -> str:
    digest = hashlib.sha256()
    for packet in _packets(container, track):
        digest.update(bytes(packet))
    return digest.hexdigest()


def _codec_of(track: Any) -> str:
    return getattr(track, "name", None) or _UNKNOWN
