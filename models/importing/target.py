"""The network or backbone that weights are for: its tensors and their shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Size, Tensor

from maskstream.models.architecture import Architecture
from maskstream.models.backbones import Colours, build_backbone
from maskstream.models.build import build_model

__all__ = ["BATCH_COUNT", "Target", "open_target"]

_NETWORK = "fcn"  # begins the name of every network, and of no backbone
BATCH_COUNT = "num_batches_tracked"  # matters to training without momentum alone


@dataclass(frozen=True, eq=False)
class Target:
    """What is known of a network or a backbone without its weights."""

    name: str
    is_network: bool
    shapes: Mapping[str, Size]
    """Of each tensor, by the network's names; a backbone's begin ``backbone.``"""
    trunk_names: Mapping[str, str]
    """From the usual names of ImageNet weights to those of the network."""
    colours: Colours

    @cached_property
    def needed(self) -> dict[str, Size]:
        """Shapes of the tensors that weights must have."""
        return {
            name: shape
            for name, shape in self.shapes.items()
            if not name.endswith(BATCH_COUNT)
        }

    def complete(self, taken: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Add zero for the counts of batches, which older files lack."""
        counts = self.shapes.keys() - self.needed.keys() - taken.keys()
        return {**taken, **{name: torch.zeros((), dtype=torch.long) for name in counts}}


def open_target(
    name: str, num_classes: int = 1, *, colours: Colours | None = None
) -> Target:
    """Look up a network or a backbone by name; no memory is taken for its weights.

    Args:
        name: of either.
        num_classes: of a network.
        colours: of the weights, where the name does not say them.

    Raises:
        ModelError: there is none of this name.
    """
    is_network = name.startswith(_NETWORK)
    if is_network and colours is not None:
        architecture = Architecture.parse(name)
        name = str(replace(architecture, colours=architecture.colours or colours))
    with torch.device("meta"):
        if is_network:
            model = build_model(name, num_classes)
            backbone, own = model.backbone, model.state_dict()
        else:
            backbone = build_backbone(name, colours=colours)
            own = {f"backbone.{key}": t for key, t in backbone.state_dict().items()}
    return Target(
        name=name,
        is_network=is_network,
        shapes={key: tensor.shape for key, tensor in own.items()},
        trunk_names={
            theirs: f"backbone.{ours}"
            for theirs, ours in backbone.trunk_names().items()
        },
        colours=backbone.colours,
    )
