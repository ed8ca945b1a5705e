"""From torch to OpenVINO."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.openvino_model import import_openvino
from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.pipeline.errors import ModelError

__all__ = ["convert"]


def convert(model: FCN) -> ConvertedNetwork:
    """Convert a network of torch, which is left as it is.

    Traced rather than exported: the trace holds for every size, and takes half the time
    (1.2 s of CPU against 2.5 for Lite0).

    Raises:
        ModelError: OpenVINO cannot convert it.
    """
    openvino = import_openvino()
    module = _FromPixels(folded(model).float()).eval()
    sample = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the trace says that it is deprecated
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                module, sample, check_trace=False
            )
        converted = openvino.convert_model(traced)
    except (RuntimeError, openvino.frontend.OpConversionFailure) as error:
        raise ModelError(
            f"openvino cannot convert the network: {str(error).splitlines()[0]}; "
            f"use engine torch"
        ) from error
    return ConvertedNetwork(converted, model.score_grid)


class _FromPixels(nn.Module):
    """The network from (N, h, w, 3) uint8 on, so that OpenVINO takes frames as is."""

    def __init__(self, network: FCN) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(pictures.permute(0, 3, 1, 2).float())  # type: ignore[no-any-return]
