"""Weights in their file: what engines are opened with that need no network of torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskstream.models.card import ModelCard, find_weights, read_card

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

    def digest(self) -> str:
        """Return the file's SHA-256."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def load(self) -> FCN:
        """Load the network, by torch; see `load_weights`."""
        from maskstream.models.weights import load_weights

        network, _ = load_weights(self.path)
        return network
