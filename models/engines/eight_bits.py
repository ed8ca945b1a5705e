"""Networks of 8 bits beside their weights, and whether they are faster here."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from maskstream.models.card import INT8_SUFFIX
from maskstream.models.engines.compiling import compile_for, processor
from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.keeping import Keeper, make_key
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError

__all__ = ["find_int8", "int8_path", "is_faster"]

logger = logging.getLogger(__name__)

_SHAPE = 288, 512, 3  # of the pictures that are timed: what `auto` makes of 16:9
_ROUNDS, _RUNS = 5, 4
_GAIN = 0.95  # of the other's time, at most: 8 bits cost a little accuracy
_TIMES = "milliseconds.json"


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


def is_faster(
    network: ConvertedNetwork, other: ConvertedNetwork, settings: Mapping[str, Any]
) -> bool:
    """Tell whether one network is faster than another here, by a race run once.

    They take turns, so that another load on the machine disturbs both; of each the
    best round counts. One that cannot be raced is not.
    """
    key = make_key(
        "race", network.key, other.key, sorted(settings.items()), *processor()
    )

    def race(folder: Path) -> None:
        runs = [_runner(each, settings) for each in (network, other)]
        best = [float("inf")] * len(runs)
        for _ in range(_ROUNDS):
            for index, run in enumerate(runs):
                best[index] = min(best[index], _timed_ms(run))
        (folder / _TIMES).write_text(json.dumps(best))

    try:
        with Keeper.of_user().folder(key, race) as folder:
            ours, others = json.loads((folder / _TIMES).read_text())
    except (ModelError, OSError) as error:
        logger.warning("8 bits are left alone, they could not be raced: %s", error)
        return False
    logger.info("8 bits take %.1f ms a picture here, and the other %.1f", ours, others)
    return bool(ours < _GAIN * others)


def _runner(
    network: ConvertedNetwork, settings: Mapping[str, Any]
) -> Callable[[], object]:
    request = compile_for(network, _SHAPE, settings).create_infer_request()
    return partial(request.infer, np.zeros((1, *_SHAPE), np.uint8))


def _timed_ms(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_RUNS):
        run()
    return (time.perf_counter() - began) / _RUNS * 1e3
