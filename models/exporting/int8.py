"""Networks of 8 bits for OpenVINO, calibrated on real pictures by NNCF."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.openvino_model import import_openvino
from maskstream.pipeline.errors import ModelError

__all__ = ["quantise"]

_CONVOLUTIONS = "Convolution", "GroupConvolution"  # of OpenVINO; the second: depthwise


def quantise(
    network: ConvertedNetwork, pictures: Sequence[NDArray[np.uint8]], int8_of: str
) -> ConvertedNetwork:
    """Make a network of 8 bits; weights by channel, what flows by layer.

    The ranges of what flows are those of the pictures. What few numbers flow through,
    the last sums, and a first depthwise convolution with the one before it stay in the
    precision of the rest.

    Args:
        network: left as it is.
        pictures: (h, w, 3) RGB from the real world, a hundred or so.
        int8_of: SHA-256 of the weights.

    Raises:
        ModelError: the extra ``int8`` is not installed, or NNCF cannot do it.
    """
    nncf = _import_nncf()
    samples = nncf.Dataset([picture[None] for picture in pictures])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NNCF's, about its own dependencies
            model = nncf.quantize(
                network.model.clone(),
                samples,
                subset_size=len(pictures),
                ignored_scope=nncf.IgnoredScope(names=_sensitive(network.model)),
            )
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"nncf cannot quantise the network: {reason}") from error
    return replace(network, model=model, key=None, int8_of=int8_of)


def _sensitive(model: Any) -> list[str]:
    """Name the first two convolutions where the second is depthwise.

    Of channels that share one range, each filtered alone, small ones are lost, and no
    later sum makes up for it: in 8 bits these two cost Lite0 most of what it loses
    (docs/engines.md).
    """
    found = [
        op for op in model.get_ordered_ops() if op.get_type_name() in _CONVOLUTIONS
    ]
    first = found[:2]
    if [op.get_type_name() for op in first] != list(_CONVOLUTIONS):
        return []
    return [op.get_friendly_name() for op in first]


def _import_nncf() -> ModuleType:
    import_openvino()  # first, so that NNCF, too, tells nobody
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # no CUDA
    try:
        nncf = import_module("nncf")
    except ImportError as error:
        raise ModelError(
            'int8 needs nncf; pip install "maskstream[int8]" brings it'
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)  # it tells of each of its steps
    return nncf
