"""``weights export --int8``: 8 bits, where they cost no more than they may."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.models.card import CONVERTED, ModelCard
from maskstream.models.engines.converted import ConvertedNetwork, converted
from maskstream.models.engines.openvino_engine import OpenVinoEngine
from maskstream.models.engines.select import Machine
from maskstream.models.exporting.int8 import quantise
from maskstream.models.exporting.whole import check_output, written_whole
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.commands.evaluation_samples import open_samples
from maskstream.pipeline.commands.real_pictures import pick_pictures
from maskstream.pipeline.errors import ConfigError, ModelError
from maskstream.stages.network_input import network_size
from maskstream.training.dataset import LabelledFolder
from maskstream.training.evaluate import evaluate
from maskstream.training.metrics import Agreement
from maskstream.training.predict import Predict, engine_predictor

__all__ = ["MAX_LOSS", "MIN_AGREEMENT", "Findings", "export_int8"]

MAX_LOSS = 0.005  # of mean IoU on the pictures of val
MIN_AGREEMENT = 0.98  # of labels with those of fp32
_NUM_PICTURES = 100  # to calibrate on

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Findings:
    """How the labels of 8 bits compare with those of fp32."""

    agreement: float
    num_pictures: int
    mean_iou: float | None = None
    fp32_mean_iou: float | None = None

    def check(self) -> None:
        """Raise ModelError where 8 bits cost too much."""
        is_bad = self.agreement < MIN_AGREEMENT
        if self.mean_iou is not None and self.fp32_mean_iou is not None:
            is_bad |= self.mean_iou < self.fp32_mean_iou - MAX_LOSS
        if is_bad:
            raise ModelError(
                f"not written: in 8 bits {self}; the mean IoU may fall by {MAX_LOSS} "
                f"and {MIN_AGREEMENT} of the labels must agree"
            )

    def scores(self) -> dict[str, float]:
        """Name the numbers, for the model card."""
        named = {
            "val mean IoU in int8": self.mean_iou,
            "val mean IoU in fp32": self.fp32_mean_iou,
            "agreement with fp32": self.agreement,
        }
        return {name: round(x, 4) for name, x in named.items() if x is not None}

    def __str__(self) -> str:
        agree = f"{self.agreement:.4f} of the labels agree with fp32"
        if self.mean_iou is None:
            return f"{agree} on {self.num_pictures} pictures"
        return (
            f"the mean IoU is {self.mean_iou:.4f} after {self.fp32_mean_iou:.4f} and "
            f"{agree} on {self.num_pictures} pictures"
        )


def export_int8(
    weights: WeightsFile, output: Path, *, data: Path | None, clip: str | None
) -> Findings:
    """Quantise a network and write it, with what was found in its card.

    Args:
        weights: of a network of torch.
        output: .xml, with a .bin beside it.
        data: a data set: calibrated on its ``train``, judged on its ``val``.
        clip: calibrated and judged on frames of it, which have no truth.

    Raises:
        ConfigError: neither or both are given, or the output cannot be.
        ModelError: it cannot be quantised, or costs more than it may.
        SinkError: it cannot be written.
    """
    check_output(output, CONVERTED)
    if (data is None) == (clip is None):
        raise ConfigError("--int8 wants --data DIR or --calibrate CLIP, and not both")
    with written_whole(output, ".bin") as part:
        network, findings = _quantise(weights, data, clip)
        network.save(part)
    return findings


def _quantise(
    weights: WeightsFile, data: Path | None, clip: str | None
) -> tuple[ConvertedNetwork, Findings]:
    if clip is not None:
        pictures = pick_pictures(clip, 2 * _NUM_PICTURES)
        known, unknown = pictures[::2], pictures[1::2] or pictures
        source = Path(clip).name
    else:
        assert data is not None
        known, unknown = _spread(data, weights.card), []
        source = data.resolve().name
    plain = converted(weights)
    int8 = quantise(plain, known, weights.digest())
    with ExitStack() as stack:
        rest = Machine.look("openvino").openvino_precisions[0]  # as it will be run
        engines = [
            stack.enter_context(closing(OpenVinoEngine(each, precision=precision)))
            for each, precision in ((int8, rest), (plain, "fp32"))
        ]
        ours, others = (engine_predictor(engine, None) for engine in engines)
        if data is not None:
            findings = _judge_on_truth(ours, others, data, weights.card)
        else:
            findings = _judge(ours, others, unknown)
    findings.check()
    note = f"in int8, calibrated on {len(known)} pictures of {source}"
    card = replace(
        weights.card,
        data=f"{weights.card.data}; {note}",
        scores={**weights.card.scores, **findings.scores()},
    )
    return replace(int8, card=card), findings


def _spread(data: Path, card: ModelCard) -> list[Picture]:
    """Take pictures of ``train`` at even distances, at the size that is run."""
    samples = _open(data, "train", card)
    step = max(1, len(samples) // _NUM_PICTURES)
    picked = range(0, len(samples), step)[:_NUM_PICTURES]
    return [_at_network_size(samples[index][0]) for index in picked]


def _open(data: Path, split: str, card: ModelCard) -> LabelledFolder:
    samples = open_samples(data, split, "auto", None, None, card.classes)
    assert isinstance(samples, LabelledFolder)
    return samples


def _at_network_size(picture: Picture) -> Picture:
    height, width = network_size(picture.shape[0], picture.shape[1])
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def _judge_on_truth(
    ours: Predict, others: Predict, data: Path, card: ModelCard
) -> Findings:
    samples = _open(data, "val", card)
    found = evaluate(ours, samples, card.classes, other=others)
    assert found.agreement is not None
    assert found.other_scores is not None
    return Findings(
        found.agreement.agreement,
        len(samples),
        found.scores.mean_iou,
        found.other_scores.mean_iou,
    )


def _judge(ours: Predict, others: Predict, pictures: Sequence[Picture]) -> Findings:
    agreement = Agreement()
    for picture in pictures:
        height, width = picture.shape[:2]
        size_hw = height, width
        agreement.add(ours(picture, size_hw), others(picture, size_hw))
    return Findings(agreement.scores().agreement, len(pictures))
