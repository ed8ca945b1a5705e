"""Networks of 8 bits for OpenVINO, calibrated on real pictures by NNCF."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from maskstream.models.card import CONVERTED, ModelCard
from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.openvino_model import import_openvino
from maskstream.pipeline.errors import ConfigError, ModelError

__all__ = ["check_int8_output", "quantise", "write_int8"]


def quantise(
    network: ConvertedNetwork, pictures: Sequence[NDArray[np.uint8]], int8_of: str
) -> ConvertedNetwork:
    """Make a network of 8 bits; weights by channel, what flows by layer.

    The ranges of what flows are those of the pictures. What few numbers flow through,
    and the last sums, stay in the precision of the rest.

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
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(pictures),
            )
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"nncf cannot quantise the network: {reason}") from error
    return replace(network, model=model, key=None, int8_of=int8_of)


def check_int8_output(output: Path) -> None:
    """Refuse a name that the network could not be written to.

    Raises:
        ConfigError: the suffix is another, or the folder missing.
    """
    if output.suffix != CONVERTED:
        raise ConfigError(f"{output}: a network of 8 bits is written as {CONVERTED}")
    if not output.parent.is_dir():
        raise ConfigError(f"{output.parent}: there is no such folder to write into")


def write_int8(network: ConvertedNetwork, card: ModelCard, output: Path) -> None:
    """Write an .xml and its .bin, which take their names when both are whole."""
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}-") as folder:
        part = Path(folder) / output.name
        replace(network, card=card).save(part)
        part.with_suffix(".bin").replace(output.with_suffix(".bin"))
        part.replace(output)


def _import_nncf() -> ModuleType:
    import_openvino()  # first, so that NNCF, too, tells nobody
    try:
        nncf = import_module("nncf")
    except ImportError as error:
        raise ModelError(
            'int8 needs nncf; pip install "maskstream[int8]" brings it'
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)  # it tells of each of its steps
    return nncf
