"""Weights that are there to be used, by the network that they are for."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path

from maskstream.models.weights import embedded_models, read_card
from maskstream.pipeline.errors import ModelError

__all__ = ["weights_at_hand"]

logger = logging.getLogger(__name__)


def weights_at_hand(folder: Path) -> dict[str, list[str]]:
    """Find weights with a model card, those embedded and those in a folder.

    Returns:
        By the network's name, what to load: names of embedded weights, and paths.
    """
    named = embedded_models()
    named |= {str(path): path for path in sorted(folder.glob("*.safetensors"))}
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in named.items():
        try:
            found[read_card(path).model].append(name)
        except ModelError as error:  # weights of a backbone, say
            logger.info("%s", error)
    return dict(found)
