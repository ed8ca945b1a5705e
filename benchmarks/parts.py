"""Each part of the pipeline alone: prints core-ms a frame of each as JSON.

The clip is decoded once; every part then works on the same frames, alone on the
machine, and is charged the CPU time of the whole process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from maskstream.models.engines import open_engine
from maskstream.models.weights import DEFAULT_WEIGHTS, load_weights
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.annotate import Annotator
from maskstream.stages.decode import Decoder
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.network_input import network_picture, network_size
from maskstream.stages.source import expand_inputs

_MAX_FRAMES = 300
_NUM_WARM = 5


def main() -> None:
    """Measure the parts on ``argv[1]``."""
    (source,) = expand_inputs([sys.argv[1]])
    ledger = Ledger()
    ledger.open(source.name, ["video"])
    core_ms: dict[str, float] = {}

    @contextmanager
    def charged(part: str, num_frames: int) -> Iterator[None]:
        before = time.process_time()
        yield
        core_ms[part] = (time.process_time() - before) / num_frames * 1e3

    before = time.process_time()
    frames = []
    for frame in Decoder(source, source.name, ledger, monotonic_clock)():
        frames.append(frame)
        if len(frames) == _MAX_FRAMES:
            break
    core_ms["decode"] = (time.process_time() - before) / len(frames) * 1e3

    form = frames[0].format
    size_hw = network_size(form.height, form.width, form.rotation)
    with charged("network input", len(frames)):
        pictures = [
            network_picture(frame.picture, form.rotation, size_hw) for frame in frames
        ]

    network, card = load_weights(DEFAULT_WEIGHTS)
    upright_hw = (form.height, form.width)
    if form.rotation % 180:
        upright_hw = (form.width, form.height)
    with closing(open_engine(network)) as engine:
        for picture in pictures[:_NUM_WARM]:
            engine.submit([picture], [upright_hw]).labels()
        with charged("network and labels", len(pictures)):
            labels = [
                engine.submit([picture], [upright_hw]).labels()[0]
                for picture in pictures
            ]

    items = [
        Segmentation(frame, ids) for frame, ids in zip(frames, labels, strict=True)
    ]
    annotator = Annotator(card.classes, clock=monotonic_clock)
    list(annotator(Channel.of(*items[:_NUM_WARM])))
    with charged("overlay", len(items)):
        annotated = list(annotator(Channel.of(*items)))

    with TemporaryDirectory() as folder:
        encoder = VideoEncoder(Path(folder) / "out.mp4", ledger)
        with charged("encode", len(items)):
            list(encoder(Channel.of(*annotated)))
    print(json.dumps(core_ms))


if __name__ == "__main__":
    main()
