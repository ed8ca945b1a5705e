"""The clip that everything is measured on: as long as is needed, and no longer."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import av

from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.opening import open_source
from maskstream.stages.output import VIDEO_SUFFIXES
from maskstream.stages.source import Source, expand_inputs

__all__ = ["clip_source", "copy_pictures"]


def clip_source(given: str) -> Source:
    """Find the one file that ``given`` names.

    Raises:
        ConfigError: It is several, or none that can be read again and again.
        SourceError: It is not there.
    """
    sources = expand_inputs([given])
    if len(sources) != 1 or sources[0].path is None:
        raise ConfigError(
            f"{mask_credentials(given)}: one video file is needed, since it is read "
            "again and again"
        )
    return sources[0]


def copy_pictures(source: Source, folder: Path, *, limit: int, times: int = 1) -> Path:
    """Copy ``limit`` packets, most often a picture each, ``times`` times, no sound.

    Raises:
        SourceError: The file cannot be read, or its pictures have no times.
    """
    assert source.path is not None
    suffix = source.path.suffix.lower()
    # In AVI a packet has no pts, where pictures are not in the order of their packets.
    suffix = suffix if suffix in (*VIDEO_SUFFIXES, ".avi") else ".mkv"
    path = folder / f"{source.name}-{times}{suffix}"
    with av.open(str(path), "w") as copy:
        track: Any = None
        shift = 0
        for _ in range(times):
            with open_source(source) as opened:
                track = track or copy.add_stream_from_template(opened.video)
                demuxed = opened.container.demux(opened.video)
                packets = (packet for packet in demuxed if packet.size)
                by = shift - (opened.video.start_time or 0)
                for packet in islice(packets, limit):
                    time = packet.dts if suffix == ".avi" else packet.pts
                    if time is None:
                        raise SourceError(
                            f"{source}: its packets have no times; it must be in a "
                            "container that gives them, such as .mp4"
                        )
                    if suffix == ".mkv":
                        packet.dts = None  # not stored there, and unknown at first
                    elif packet.dts is not None:
                        packet.dts += by
                    if packet.pts is not None:
                        packet.pts += by
                    shift = max(shift, time + by + (packet.duration or 0))
                    packet.stream = track
                    copy.mux(packet)
    return path
