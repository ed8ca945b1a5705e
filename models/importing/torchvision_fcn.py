"""torchvision's fcn_resnet50 and fcn_resnet101."""

from __future__ import annotations

from maskstream.models.importing.plan import Plan, Tensors

__all__ = ["plan_torchvision_fcn"]

_RESNETS = {6: "resnet50", 23: "resnet101"}  # by the blocks of the third layer
_PREFIXES = {
    "backbone.": "backbone.trunk.",
    "classifier.4.": "score_fr.",
    "classifier.": "fc6.",
    "aux_classifier.": "auxiliary.",
}


def plan_torchvision_fcn(tensors: Tensors) -> Plan | None:
    """Read the network, with its auxiliary head where the file has one."""
    blocks = {name.split(".")[2] for name in tensors if ".layer3." in name}
    resnet = _RESNETS.get(len(blocks))
    if resnet is None:
        return None
    has_auxiliary = "aux_classifier.4.weight" in tensors
    return Plan(
        f"fcn8s-{resnet}-torchvision{',auxiliary=yes' if has_auxiliary else ''}",
        {name: ours for name in tensors if (ours := _rename(name)) is not None},
        num_classes=tensors["classifier.4.weight"].shape[0],
    )


def _rename(theirs: str) -> str | None:
    for prefix, ours in _PREFIXES.items():
        if theirs.startswith(prefix):
            return ours + theirs.removeprefix(prefix)
    return None
