"""Write a network for another runtime, and only if it labels there as it does here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskstream.models.card import ModelCard
from maskstream.models.exporting.agreement import Agreement, measure_agreement
from maskstream.models.exporting.format import Format
from maskstream.models.exporting.labeller import Labeller
from maskstream.models.exporting.onnx_file import open_onnx, write_onnx
from maskstream.models.exporting.openvino_ir import open_openvino, write_openvino
from maskstream.models.exporting.torch_program import (
    SIZE_MULTIPLE,
    open_program,
    write_program,
)
from maskstream.models.exporting.whole import check_output, written_whole
from maskstream.models.fcn import FCN
from maskstream.pipeline.errors import ConfigError, ModelError

__all__ = ["FORMATS", "MIN_AGREEMENT", "export_network"]

MIN_AGREEMENT = 0.999
_MIN_SIDE = 64  # px; fewer hold too few scores to compare

FORMATS = {
    "onnx": Format(".onnx", write_onnx, open_onnx),
    "openvino": Format(".xml", write_openvino, open_openvino, beside=".bin"),
    "torch-export": Format(".pt2", write_program, open_program, multiple=SIZE_MULTIPLE),
}


def export_network(
    network: FCN,
    card: ModelCard,
    format_: Format,
    output: Path,
    pictures: Sequence[NDArray[np.uint8]],
) -> Agreement:
    """Write a network in a format, run it there and compare its labels.

    The file takes its name when it has passed; one that was there stays otherwise.

    Args:
        network: in evaluation mode, on the CPU.
        card: goes into the file.
        format_: one of `FORMATS`.
        output: with the suffix of the format.
        pictures: (H, W, 3) RGB from the real world, 64 pixels high and wide or more.

    Raises:
        ConfigError: the output's suffix is of another format, its folder missing, or a
            picture smaller.
        ModelError: the network cannot be written so, or labels differently there.
        SinkError: the disk is full, or may not be written to.
    """
    check_output(output, format_.suffix)
    for height, width, _ in (picture.shape for picture in pictures):
        if min(height, width) < _MIN_SIDE:
            raise ConfigError(
                f"an export is compared on pictures of {_MIN_SIDE}x{_MIN_SIDE} or "
                f"more, got one of {width}x{height}"
            )
    with written_whole(output, format_.beside) as part:
        format_.write(Labeller(network), part, card.to_json())
        label = format_.open(part)
        agreement = measure_agreement(network, label, pictures, format_.multiple)
        if agreement.mean < MIN_AGREEMENT:
            raise ModelError(
                f"{output}: not written, its labels agree with the original's on "
                f"{agreement.mean:.4%} of the pixels of {agreement.num_pictures} "
                f"pictures ({agreement.worst:.4%} of the worst), and "
                f"{MIN_AGREEMENT:.1%} is wanted"
            )
    return agreement
