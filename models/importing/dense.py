"""Classifiers of whole pictures whose dense layers become convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from maskstream.models.backbones import Colours
from maskstream.models.importing.plan import Plan, Tensors

__all__ = ["CAFFE_DENSE", "plan_classifier"]

CAFFE_DENSE = {"fc6": "fc6.0", "fc7": "fc7.0", "fc8": "score_fr"}
"""Caffe's names of the dense layers, to those of the network."""


def plan_classifier(
    tensors: Tensors,
    backbone: str,
    trunk: Mapping[str, str],
    dense: Mapping[str, str],
    colours: Colours | None = None,
) -> Plan:
    """Make dense layers convolutions, or take the trunk alone where there are none.

    Args:
        tensors: of the file.
        backbone: that the convolutions are.
        trunk: their names, to those of the network.
        dense: names of the three dense layers, to those of the network.
        colours: those of the file, where they are not the usual ones of the backbone.
    """
    if not all(f"{layer}.bias" in tensors for layer in dense):
        return Plan(backbone, trunk, colours=colours)
    whole = {
        f"{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in dense.items()
        for kind in ("weight", "bias")
    }
    *_, last = dense
    return Plan(
        f"fcn32s-{backbone}-paper",
        {**trunk, **whole},
        num_classes=tensors[f"{last}.bias"].numel(),
        colours=colours,
        notes=("its dense layers become convolutions, which take any size",),
    )
