"""Leftovers: what a killed process, or a full disk, has left under a partial name.

The index names them, so nobody else's file is touched. They play, to about where they
were cut, and take their name; what holds nothing that can be read is removed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import av

from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.index import Segment

__all__ = ["recover"]

_logger = logging.getLogger(__name__)


def recover(archive: Archive, stream: str, kind: str, reason: str) -> bool:
    """End what was begun and never ended, as cut for ``reason``.

    Returns:
        Whether there is nothing more to recover; what could not be, was told.

    Raises:
        OSError: The index cannot be read.
    """
    is_done = True
    for segment in archive.leftovers(stream, kind):
        partial = archive.path(segment)
        try:
            ended = _ended(archive, segment, reason)
            archive.end(ended)
        except OSError as error:
            is_done = False
            _logger.warning("%s stays as it is: %s", partial, error.strerror)
            continue
        _logger.info(
            "%s was cut off (%s); its %d frames are kept",
            archive.path(ended),
            reason,
            ended.frames,
        )
    return is_done


def _ended(archive: Archive, segment: Segment, reason: str) -> Segment:
    partial, final = archive.path(segment), archive.folder / segment.file
    path = partial if partial.exists() else final
    if not path.exists():
        return replace(segment, end=segment.start, is_cut=True, reason=reason)
    measure = _measure_lines if path.suffix == ".jsonl" else _measure_track
    frames, seconds = measure(path)
    is_cut = path == partial
    return replace(
        segment,
        end=segment.start + seconds,
        frames=frames,
        bytes=path.stat().st_size,
        is_cut=is_cut,
        reason=reason if is_cut else None,
    )


def _measure_track(path: Path) -> tuple[int, float]:
    """Count the pictures that can be read, and the seconds that they last."""
    frames, seconds = 0, 0.0
    try:
        with av.open(str(path)) as container:
            for packet in container.demux(video=0):
                if packet.size and packet.pts is not None and not packet.is_corrupt:
                    end = packet.pts + (packet.duration or 0)
                    seconds = max(seconds, float(end * packet.time_base))
                    frames += 1
    except (av.InvalidDataError, av.EOFError, IndexError):
        pass  # It ends within a packet, or before a track has begun.
    return frames, seconds


def _measure_lines(path: Path) -> tuple[int, float]:
    """Count the records, cut away a torn last line, and tell how long they go on."""
    frames, times = 0, list[float]()
    with path.open("r+b") as file:
        num_whole = len(file.readline())
        for line in file:
            try:
                captured_at = json.loads(line)["captured_at"]
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            num_whole += len(line)
            frames += 1
            if captured_at is not None:
                times.append(datetime.fromisoformat(captured_at).timestamp())
        file.truncate(num_whole)
    return frames, max(times, default=0.0) - min(times, default=0.0)
