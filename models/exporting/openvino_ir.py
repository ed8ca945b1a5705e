"""OpenVINO's intermediate representation: an .xml with a .bin beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskstream.models.engines.openvino_model import import_openvino, openvino_core
from maskstream.models.exporting.format import Labelling
from maskstream.models.exporting.labeller import Labeller
from maskstream.pipeline.errors import ModelError

__all__ = ["open_openvino", "write_openvino"]


def write_openvino(labeller: Labeller, path: Path, card: str) -> None:
    """Write the IR for any batch and size, the card in its rt_info.

    Raises:
        ModelError: OpenVINO cannot convert the network.
    """
    openvino = import_openvino()
    try:
        model = openvino.convert_model(labeller.trace())
    except (RuntimeError, openvino.frontend.OpConversionFailure) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"openvino cannot convert the network: {reason}") from error
    model.inputs[0].get_tensor().set_names({"pictures"})
    model.outputs[0].get_tensor().set_names({"labels"})
    model.set_rt_info(card, ["model_card"])
    openvino.save_model(model, path, compress_to_fp16=False)


def open_openvino(path: Path) -> Labelling:
    """Compile the IR for the CPU.

    In fp32: a CPU that has bf16 would round by itself, which is no fault of the file.
    """
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino_core().compile_model(path, "CPU", hints)

    def label(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(compiled(pictures)["labels"], np.uint8)

    return label
