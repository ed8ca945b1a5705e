"""Networks of 8 bits beside their weights."""

from __future__ import annotations

import logging
from pathlib import Path

from maskstream.models.card import INT8_SUFFIX
from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.keeping import make_key
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError

__all__ = ["find_int8", "int8_path"]

logger = logging.getLogger(__name__)


def int8_path(weights: Path) -> Path:
    """Say where the 8-bit network of some weights lies: beside them."""
    name = weights.name.removesuffix(".safetensors").removesuffix(".fp16")
    return weights.with_name(name + INT8_SUFFIX)


def find_int8(weights: WeightsFile) -> ConvertedNetwork | None:
    """Read the 8-bit network of some weights; None where there is none of just them."""
    path = int8_path(weights.path)
    if not path.is_file():
        return None
    try:
        key = make_key(WeightsFile(path, weights.card).digest())
        network = ConvertedNetwork.read(path, key)
    except (ModelError, OSError) as error:
        logger.warning("%s: left alone: %s", path, error)
        return None
    if network.int8_of != weights.digest():
        logger.warning("%s: left alone, it was made of other weights", path)
        return None
    return network
