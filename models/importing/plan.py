"""What was recognised in a file: a network, and which tensor is which of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from maskstream.models.backbones import Colours
from maskstream.pipeline.errors import ModelError

__all__ = ["WHOLE_PICTURES", "Plan", "Tensors", "count_classes"]

Tensors = Mapping[str, Tensor]
"""By the names that a file gives them."""

WHOLE_PICTURES = "it classifies whole pictures"
"""Why a layer is set aside whose place a network here does not have."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the tensors of a file become those of a network or a backbone."""

    target: str
    """Name of a network, or of a backbone where the file has no more."""
    names: Mapping[str, str]
    """From the file's names to the network's; a backbone's begin ``backbone.``"""
    num_classes: int | None = None
    """None for a backbone."""
    aside: Mapping[str, str] = field(default_factory=dict)
    """Tensors that no network here has, and why it does not need them."""
    colours: Colours | None = None
    """Those of the file, where they may not be the usual ones of the backbone."""
    swap_red_blue: frozenset[str] = frozenset()
    """Kernels of the file that see RGB where the network sees BGR."""
    notes: tuple[str, ...] = ()
    """What a person should know of this reading of the file."""


def count_classes(tensors: Tensors, kernel: str) -> int:
    """Count the classes that a convolution scores, one for each of its rows.

    Raises:
        ModelError: it is not there, or no kernel.
    """
    if kernel not in tensors:
        raise ModelError(f"{kernel} is missing, whose rows are the classes")
    if tensors[kernel].ndim == 0:
        raise ModelError(f"{kernel} is one number, and its rows should be the classes")
    return tensors[kernel].shape[0]
