"""Weights that are there to be used, by the network that they are for."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from maskstream.models.weights import (
    ModelCard,
    embedded_models,
    has_card,
    read_card,
)
from maskstream.pipeline.errors import ModelError

__all__ = ["read_cards", "weights_at_hand"]

logger = logging.getLogger(__name__)


def weights_at_hand(folder: Path) -> dict[str, list[str]]:
    """Find weights with a model card, those embedded and those in a folder.

    Returns:
        By the network's name, what to load: names of embedded weights, and paths.
    """
    named = embedded_models()
    named |= {str(path): path for path in sorted(folder.glob("*.safetensors"))}
    found: dict[str, list[str]] = defaultdict(list)
    for name, card in read_cards(named).items():
        found[card.model].append(name)
    return dict(found)


def read_cards(named: Mapping[str, Path]) -> dict[str, ModelCard]:
    """Read the card of each file that has one; a damaged one is warned of."""
    cards = {}
    for name, path in named.items():
        try:
            if has_card(path):
                cards[name] = read_card(path)
            else:  # weights of a backbone, say
                logger.info("%s: no safetensors file with a model card", path)
        except ModelError as error:
            logger.warning("%s", error)
    return cards
