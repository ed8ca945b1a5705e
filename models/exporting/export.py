"""Write a network for another runtime, and only if it labels there as it does here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

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
from maskstream.models.fcn import FCN
from maskstream.pipeline.errors import ConfigError, ModelError, SinkError

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
    if output.suffix != format_.suffix:
        raise ConfigError(f"{output}: this format's files end in {format_.suffix}")
    if not output.parent.is_dir():
        raise ConfigError(f"{output.parent}: there is no such folder to write into")
    for height, width, _ in (picture.shape for picture in pictures):
        if min(height, width) < _MIN_SIDE:
            raise ConfigError(
                f"an export is compared on pictures of {_MIN_SIDE}x{_MIN_SIDE} or "
                f"more, got one of {width}x{height}"
            )
    try:
        return _write_checked(network, card, format_, output, pictures)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{output} cannot be written: {reason}") from error


def _write_checked(
    network: FCN,
    card: ModelCard,
    format_: Format,
    output: Path,
    pictures: Sequence[NDArray[np.uint8]],
) -> Agreement:
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}-") as folder:
        part = Path(folder) / output.name
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
        if format_.beside is not None:
            # A kill in between leaves a .bin alone, never one with another's .xml.
            output.unlink(missing_ok=True)
            beside = part.with_suffix(format_.beside)
            beside.replace(output.with_suffix(format_.beside))
        part.replace(output)
    return agreement
