"""Networks compiled for a size of picture, kept so that the next start is quick."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.openvino_model import openvino_core
from maskstream.models.keeping import Keeper, make_key
from maskstream.pipeline.errors import ModelError

__all__ = ["compile_for", "processor"]

logger = logging.getLogger(__name__)

_BLOB = "compiled.blob"


def compile_for(
    network: ConvertedNetwork, shape: tuple[int, int, int], settings: Mapping[str, Any]
) -> Any:
    """Compile a network for pictures of a shape (h, w, 3), once a machine.

    Raises:
        ModelError: it cannot take such pictures.
    """
    if network.key is None:
        return _compile(network, shape, settings)
    # Precision, threads and streams are among the settings.
    key = make_key(network.key, shape, sorted(settings.items()), *processor())
    fresh: list[Any] = []

    def make(folder: Path) -> None:
        fresh.append(_compile(network, shape, settings))
        (folder / _BLOB).write_bytes(fresh[0].export_model().getvalue())

    try:
        with Keeper.of_user().folder(key, make) as folder:
            if not fresh:
                # Bytes, not the file mapped: what is compiled would go on reading it.
                blob = (folder / _BLOB).read_bytes()
                return openvino_core().import_model(blob, "CPU", dict(settings))
    except (OSError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        logger.info("a compiled network is not kept, or not taken: %s", error)
    return fresh[0] if fresh else _compile(network, shape, settings)


def processor() -> tuple[object, ...]:
    """Tell what OpenVINO compiles for here, for a key: its own version too."""
    core = openvino_core()
    return (
        core.get_versions("CPU")["CPU"].build_number,
        core.get_property("CPU", "FULL_DEVICE_NAME"),
        core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
    )


def _compile(
    network: ConvertedNetwork, shape: tuple[int, int, int], settings: Mapping[str, Any]
) -> Any:
    model = network.model.clone()
    try:
        model.reshape([1, *shape])
        return openvino_core().compile_model(model, "CPU", dict(settings))
    except RuntimeError as error:
        raise ModelError(
            f"openvino cannot compile the network for pictures of "
            f"{shape[1]}x{shape[0]}: {str(error).splitlines()[0]}"
        ) from error
