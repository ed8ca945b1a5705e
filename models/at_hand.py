"""Weights that are there to be used: embedded, in a folder, and fetched before."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from maskstream.models.card import (
    CONVERTED,
    INT8_SUFFIX,
    ModelCard,
    embedded_models,
    read_card,
    read_metadata,
)
from maskstream.models.fetching import cache_dir
from maskstream.pipeline.errors import ModelError

__all__ = ["WeightsAtHand", "weights_at_hand"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WeightsAtHand:
    """A file of weights that can be named."""

    name: str  # what to load: the name of embedded weights, or a path
    path: Path
    card: ModelCard


def weights_at_hand(folder: Path) -> list[WeightsAtHand]:
    """Find weights with a model card; a damaged one is warned of and passed over.

    Args:
        folder: looked into beside the package and what was fetched before; it may be
            missing.
    """
    named = embedded_models()
    for place in (folder, cache_dir()):
        files = (*place.glob("*.safetensors"), *place.glob(f"*{INT8_SUFFIX}"))
        named |= {str(path): path for path in sorted(files)}
    found = []
    for name, path in named.items():
        try:
            if path.suffix == CONVERTED or "model_card" in read_metadata(path):
                found.append(WeightsAtHand(name, path, read_card(path)))
            else:  # weights of a backbone, say
                logger.info("%s: no safetensors file with a model card", path)
        except ModelError as error:
            logger.warning("%s", error)
    return found
