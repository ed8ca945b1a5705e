"""Classifiers of whole pictures whose dense layers become convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from maskstream.models.importing.plan import Plan, Tensors

__all__ = ["WHOLE_PICTURES", "plan_caffe_alexnet", "plan_classifier"]

WHOLE_PICTURES = "it classifies whole pictures"


def plan_classifier(
    tensors: Tensors,
    backbone: str,
    trunk: Mapping[str, str],
    dense: Mapping[str, str],
    colours: str = "",
) -> Plan:
    """Make dense layers convolutions, or take the trunk alone where there are none.

    Args:
        tensors: of the file.
        backbone: that the convolutions are.
        trunk: their names, to those of the network.
        dense: names of the three dense layers, to those of the network.
        colours: option of the model's name, where it wants others than usual.
    """
    *_, last = dense
    if not all(f"{layer}.bias" in tensors for layer in dense):
        notes = (f"a model trains from it with {colours[1:]}",) if colours else ()
        return Plan(backbone, trunk, notes=notes)
    whole = {
        f"{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in dense.items()
        for kind in ("weight", "bias")
    }
    return Plan(
        f"fcn32s-{backbone}-paper{colours}",
        {**trunk, **whole},
        num_classes=tensors[f"{last}.bias"].numel(),
        notes=("its dense layers become convolutions, which take any size",),
    )


def plan_caffe_alexnet(tensors: Tensors) -> Plan | None:
    """Read caffe's AlexNet, the one of the FCN paper."""
    trunk = {name: f"backbone.{name}" for name in tensors if name.startswith("conv")}
    dense = {"fc6": "fc6.0", "fc7": "fc7.0", "fc8": "score_fr"}
    return plan_classifier(tensors, "alexnet", trunk, dense)
