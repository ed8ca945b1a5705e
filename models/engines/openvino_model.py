"""The network as an OpenVINO model of any picture size."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.pipeline.errors import ModelError


def import_openvino() -> ModuleType:
    """Import OpenVINO so that it tells nobody.

    By itself it reports every import and conversion to its makers over the network,
    unasked. Where the package that sends them is missing it uses a stub
    (openvino/tools/ovc/telemetry_utils.py), so that package is made to look missing.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino  # type: ignore[no-any-return]


@cache
def openvino_core() -> Any:
    """Return the one Core of this process.

    Its CPU plugin lends the thread that loads it a stack for signals, and takes it back
    with the last trace of the Core. Of two Cores that end in the order they began, or
    on other threads, one leaves its thread without: the next signal, Ctrl-C say, kills
    the process. One that never ends does not.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    return import_openvino().Core()


def convert(model: FCN) -> Any:
    """Convert to an OpenVINO model from (1, h, w, 3) uint8 to (1, K, h8, w8) scores.

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
        return openvino.convert_model(traced)
    except (RuntimeError, openvino.frontend.OpConversionFailure) as error:
        raise ModelError(
            f"openvino cannot convert the network: {str(error).splitlines()[0]}; "
            f"use engine torch"
        ) from error


class _FromPixels(nn.Module):
    """The network from (N, h, w, 3) uint8 on, so that OpenVINO takes frames as is."""

    def __init__(self, network: FCN) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(pictures.permute(0, 3, 1, 2).float())  # type: ignore[no-any-return]
