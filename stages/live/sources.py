"""What may be given as a live source.

rtsp://camera/main    and rtsps, rtmp(s), http(s), udp, tcp, rtp: what FFmpeg opens
camera:0              a camera of this machine, which may be plugged in later
synthetic+live:GRAPH  FFmpeg's test picture, or any source of its filters
loop:clip.mp4         a file, again and again, at its own pace
"""

from __future__ import annotations

from dataclasses import replace

from maskstream.pipeline.errors import SourceError
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.source import Source, camera_source, expand_inputs

__all__ = ["live_source"]

_LOOP = "loop:"
_CAMERA = "camera:"


def live_source(given: str) -> Source:
    """Make the source that ``given`` names.

    Raises:
        SourceError: It names none that is live.
    """
    if given.startswith(_CAMERA):
        return camera_source(given, given.removeprefix(_CAMERA))
    sources = expand_inputs([given.removeprefix(_LOOP)])
    if len(sources) != 1 or sources[0].pictures:
        raise SourceError(f"{mask_credentials(given)}: one video is needed")
    (source,) = sources
    if given.startswith(_LOOP):
        return replace(source, display=_LOOP + source.display, is_looped=True)
    if not source.is_live and not source.is_network:
        raise SourceError(
            f"{source}: not live; {_LOOP}{source} plays it again and again"
        )
    return source
