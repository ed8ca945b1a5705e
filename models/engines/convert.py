"""From torch to what other runtimes take: pixels in, scores at the stride out."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.openvino_model import import_openvino
from maskstream.models.exporting.onnx_file import write_traced
from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.pipeline.errors import ModelError

__all__ = ["convert", "convert_to_onnx"]


def convert(model: FCN) -> ConvertedNetwork:
    """Convert a network of torch, which is left as it is, for OpenVINO.

    Raises:
        ModelError: OpenVINO cannot convert it.
    """
    openvino = import_openvino()
    try:
        converted = openvino.convert_model(_trace(model))
    except (RuntimeError, openvino.frontend.OpConversionFailure) as error:
        raise ModelError(
            f"openvino cannot convert the network: {str(error).splitlines()[0]}; "
            f"use engine torch"
        ) from error
    return ConvertedNetwork(converted, model.score_grid)


def convert_to_onnx(model: FCN, path: Path) -> None:
    """Write a network of torch, which is left as it is, for onnxruntime.

    Raises:
        ModelError: the extra ``onnx`` is not installed, or the network has no ONNX.
    """
    grid = json.dumps(asdict(model.score_grid))
    write_traced(_trace(model), path, "scores", {"score_grid": grid})


def _trace(model: FCN) -> torch.jit.ScriptModule:
    """Record a network, for pictures of every size.

    Traced rather than exported: it takes half the time (1.2 s of CPU against 2.5 for
    Lite0).
    """
    module = _FromPixels(folded(model).float()).eval()
    sample = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the trace says that it is deprecated
        return torch.jit.trace(  # type: ignore[no-untyped-call, no-any-return]
            module, sample, check_trace=False
        )


class _FromPixels(nn.Module):
    """The network from (N, h, w, 3) uint8 on, so that runtimes take frames as is."""

    def __init__(self, network: FCN) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(pictures.permute(0, 3, 1, 2).float())  # type: ignore[no-any-return]
