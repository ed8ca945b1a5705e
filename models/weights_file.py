"""Weights in their file: what engines are opened with that need no network of torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskstream.models.card import CONVERTED, ModelCard, find_weights, read_card

if TYPE_CHECKING:
    from maskstream.models.fcn import FCN

__all__ = ["WeightsFile"]


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights, and its card."""

    path: Path
    card: ModelCard

    @classmethod
    def find(cls, where: str | Path) -> WeightsFile:
        """Find weights by the name of embedded ones, a path, or fetch them.

        Raises:
            ModelError: there are none, or they have no card.
        """
        path = find_weights(where)
        return cls(path, read_card(path))

    @property
    def is_converted(self) -> bool:
        """They are a network of OpenVINO's, in an .xml and a .bin."""
        return self.path.suffix == CONVERTED

    def digest(self) -> str:
        """Return the SHA-256 of all that they are."""
        digest = hashlib.sha256(self.path.read_bytes())
        if self.is_converted:
            digest.update(self.path.with_suffix(".bin").read_bytes())
        return digest.hexdigest()

    def load(self) -> FCN:
        """Load the network, by torch; see `load_weights`."""
        from maskstream.models.weights import load_weights

        network, _ = load_weights(self.path)
        return network
