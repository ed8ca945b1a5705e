"""The clip that everything is measured on: as long as is needed, and no longer."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import av

from maskstream.pipeline.errors import ConfigError
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
    """Copy the packets of the first ``limit`` pictures, ``times`` times, without sound.

    Raises:
        SourceError: The file cannot be read.
    """
    assert source.path is not None
    suffix = source.path.suffix.lower()
    suffix = suffix if suffix in VIDEO_SUFFIXES else ".mkv"
    path = folder / f"{source.name}-{times}{suffix}"
    with av.open(str(path), "w") as copy:
        track: Any = None
        shift = 0
        for _ in range(times):
            with open_source(source) as opened:
                track = track or copy.add_stream_from_template(opened.video)
                packets = (
                    packet
                    for packet in opened.container.demux(opened.video)
                    if packet.dts is not None and packet.pts is not None
                )
                begin = opened.video.start_time or 0
                end = shift
                for packet in islice(packets, limit):
                    assert packet.pts is not None
                    assert packet.dts is not None
                    packet.pts += shift - begin
                    packet.dts += shift - begin
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.stream = track
                    copy.mux(packet)
                shift = end
    return path
