"""Which preset of x264 costs least for a picture that is as good."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from maskstream.bench.costs import Cost, cost_of, exhaust, spreads
from maskstream.bench.parts import Parts
from maskstream.bench.trial import Bounds, Trial
from maskstream.bench.workload import Workload
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.codecs import CODECS
from maskstream.stages.encode import VideoEncoder

__all__ = ["try_presets"]

_PRESETS = ("ultrafast", "superfast", "veryfast", "faster")
_ROUNDS = 2
_EVERY = 5  # one frame of so many is compared


@dataclass(slots=True)
class _Encoding:
    """What a preset made of the frames."""

    preset: str
    rounds: list[Cost]
    psnr_db: float
    size: int


def try_presets(
    workload: Workload, parts: Parts, bounds: Bounds, is_over: Callable[[], bool]
) -> list[Trial]:
    """Encode the annotated frames with each, and look at what came out.

    None is chosen where the preset as it was given is best.
    """
    options = {**CODECS["h264"].options, **workload.config.video.options}
    given = options["preset"]
    presets = dict.fromkeys((given, *_PRESETS))
    encodings: list[_Encoding] = []
    for preset in presets:
        if encodings and is_over():
            break
        path = workload.folder / f"{preset}.mp4"
        rounds = [
            _encode(parts.annotated, path, {**options, "preset": preset})
            for _ in range(_ROUNDS)
        ]
        psnr_db = _psnr_db(parts.annotated, path)
        encodings.append(_Encoding(preset, rounds, psnr_db, path.stat().st_size))
    usual = encodings[0]
    trials = []
    for one in encodings:
        ms, core_ms = spreads(one.rounds)
        growth, loss_db = one.size / usual.size, usual.psnr_db - one.psnr_db
        trials.append(
            Trial(
                f"x264 {one.preset}",
                {"video": {"preset": one.preset}},
                f"{ms.median:.2f} ms, {core_ms.median:.2f} core-ms a frame; "
                f"{one.psnr_db:.1f} dB, {growth:.2f} of the file",
                core_ms.median,
                growth <= bounds.growth and loss_db <= bounds.psnr_loss_db,
            )
        )
    best = min((one for one in trials if one.is_within), key=lambda one: one.ms)
    is_new = best is not trials[0]
    return [replace(one, is_chosen=is_new and one is best) for one in trials]


def _encode(items: Sequence[Segmentation], path: Path, options: dict[str, str]) -> Cost:
    encoder = VideoEncoder(path, Ledger(), options=options)
    return cost_of(lambda: exhaust(encoder(Channel.of(*items))), len(items))


def _psnr_db(items: Sequence[Segmentation], path: Path) -> float:
    """Compare the brightness of what was encoded with what was to be."""
    with av.open(str(path)) as container:
        pairs = zip(items, container.decode(video=0), strict=False)
        squares = [
            float(np.mean((_luma(item.frame.picture) - _luma(picture)) ** 2))
            for item, picture in islice(pairs, 0, None, _EVERY)
        ]
    mean = sum(squares) / len(squares)
    return 10 * math.log10(255**2 / mean) if mean > 0 else 100.0


def _luma(picture: av.VideoFrame) -> NDArray[np.float32]:
    return np.asarray(picture.to_ndarray(format="gray"), np.float32)
