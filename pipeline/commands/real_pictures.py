"""A few pictures from a clip, as the network would see them."""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.decode import Decoder
from maskstream.stages.network_input import network_picture, network_size
from maskstream.stages.probe import count_frames
from maskstream.stages.source import expand_inputs

__all__ = ["pick_pictures"]

_FIRST_S = 60.0  # of a clip; the rest is not read
_USUAL_FRAMES = 100  # of a source that does not know how many it has


def pick_pictures(given: str, count: int) -> list[NDArray[np.uint8]]:
    """Take pictures at even distances from the first minute of an input.

    Returns:
        At most ``count`` of (h, w, 3) RGB, at the network's size.

    Raises:
        SourceError: the input cannot be read.
    """
    source = expand_inputs([given])[0]
    num_frames = count_frames(source, duration_s=_FIRST_S) or _USUAL_FRAMES
    ledger = Ledger()
    ledger.open(source.name, ())
    decoder = Decoder(source, source.name, ledger, monotonic_clock, duration_s=_FIRST_S)
    step = max(1, num_frames // count)
    return [
        network_picture(
            frame.picture,
            frame.format.rotation,
            network_size(
                frame.format.height, frame.format.width, frame.format.rotation
            ),
        )
        for frame in islice(decoder(), 0, count * step, step)
    ]
