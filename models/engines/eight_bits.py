"""Networks of 8 bits beside their weights."""

from __future__ import annotations

import logging
from pathlib import Path

from maskstream.models.card import INT8_SUFFIX
from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.keeping import make_key
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError

__all__ = ["find_int8", "int8_path", "read_int8"]

logger = logging.getLogger(__name__)


def int8_path(weights: Path) -> Path:
    """Say where the 8-bit network of some weights lies: beside them."""
    name = weights.name.removesuffix(".safetensors").removesuffix(".fp16")
    return weights.with_name(name + INT8_SUFFIX)


def find_int8(weights: WeightsFile) -> ConvertedNetwork | None:
    """Read the 8-bit network of some weights; None where there is none of just them."""
    if not int8_path(weights.path).is_file():
        return None
    try:
        return read_int8(weights)
    except ModelError as error:
        logger.warning("8 bits are left alone: %s", error)
        return None


def read_int8(weights: WeightsFile) -> ConvertedNetwork:
    """Read the 8-bit network of some weights.

    Raises:
        ModelError: there is none, it is damaged, or it was made of other weights.
    """
    path = int8_path(weights.path)
    if not path.is_file():
        raise ModelError(
            f"no network of 8 bits lies beside {weights.path.name}; "
            "maskstream weights export --int8 makes one"
        )
    try:
        key = make_key(WeightsFile(path, weights.card).digest())
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}: {error.filename}") from error
    network = ConvertedNetwork.read(path, key)
    if network.int8_of != weights.digest():
        raise ModelError(f"{path} was made of other weights")
    return network
