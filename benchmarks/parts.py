"""Each part of the pipeline alone: prints core-ms a frame of each as JSON.

Every part works on the same frames, alone on the machine, and is charged the CPU time
of the whole process. What a part makes while it is measured is let go at once, as in
the pipeline: memory that is touched for the first time costs more than the work.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from maskstream.models.engines import open_engine
from maskstream.models.weights import DEFAULT_WEIGHTS, load_weights
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.annotate import Annotator
from maskstream.stages.decode import Decoder
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.network_input import network_picture, network_size
from maskstream.stages.source import expand_inputs

_MAX_FRAMES = 300


def main() -> None:
    """Measure the parts on ``argv[1]``."""
    (source,) = expand_inputs([sys.argv[1]])
    core_ms: dict[str, float] = {}

    @contextmanager
    def charged(part: str, num_frames: int) -> Iterator[None]:
        before = time.process_time()
        yield
        core_ms[part] = (time.process_time() - before) / num_frames * 1e3

    def decode(ledger: Ledger) -> Iterator[Frame]:
        ledger.open(source.name, ["video"])
        decoder = Decoder(source, source.name, ledger, monotonic_clock)
        return islice(decoder(), _MAX_FRAMES)

    ledger = Ledger()
    frames = list(decode(ledger))
    with charged("decode", len(frames)):
        exhaust(decode(Ledger()))

    form = frames[0].format
    size_hw = network_size(form.height, form.width, form.rotation)
    with charged("network input", len(frames)):
        exhaust(
            network_picture(frame.picture, form.rotation, size_hw) for frame in frames
        )
    pictures = [
        network_picture(frame.picture, form.rotation, size_hw) for frame in frames
    ]

    network, card = load_weights(DEFAULT_WEIGHTS)
    upright_hw = (form.height, form.width)
    if form.rotation % 180:
        upright_hw = (form.width, form.height)
    with closing(open_engine(network)) as engine:
        segmented = [
            engine.submit([picture], [upright_hw]).labels()[0] for picture in pictures
        ]
        with charged("network and labels", len(pictures)):
            for picture in pictures:
                engine.submit([picture], [upright_hw]).labels()

    items = [
        Segmentation(frame, ids) for frame, ids in zip(frames, segmented, strict=True)
    ]
    annotator = Annotator(card.classes, clock=monotonic_clock)
    annotated = list(annotator(Channel.of(*items)))
    with charged("overlay", len(items)):
        exhaust(annotator(Channel.of(*items)))

    with TemporaryDirectory() as folder:
        encoder = VideoEncoder(Path(folder) / "out.mp4", ledger)
        with charged("encode", len(items)):
            exhaust(encoder(Channel.of(*annotated)))
    print(json.dumps(core_ms))


def exhaust(items: Iterable[object]) -> None:
    """Take every item and keep none."""
    deque(items, maxlen=0)


if __name__ == "__main__":
    main()
