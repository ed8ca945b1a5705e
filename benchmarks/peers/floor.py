"""FFmpeg by way of PyAV: decode and encode, and nothing between. The floor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av

from maskstream.stages.codecs import CODECS, encoder_options

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.timed import timed


def main(clip: str, output: str, _model_name: str) -> None:
    """Decode ``clip`` and encode it into ``output`` as a run would."""
    codec = CODECS["h264"]
    with timed() as frames, av.open(clip) as source, av.open(output, "w") as target:
        video = source.streams.video[0]
        track: Any = target.add_stream(
            codec.encoder, rate=video.average_rate, options=encoder_options(codec, {})
        )
        track.height, track.width = video.height, video.width
        track.pix_fmt = "yuv420p"
        track.time_base = video.time_base
        for picture in source.decode(video):
            picture.pict_type = 0
            target.mux(track.encode(picture))
            frames.count += 1
        target.mux(track.encode(None))


if __name__ == "__main__":
    main(*sys.argv[1:])
