"""FCNs on dilated ResNets: torchvision's, and mmsegmentation's with its FCNHead."""

from __future__ import annotations

import re
from collections.abc import Mapping

from maskstream.models.importing.plan import Plan, Tensors, count_classes

__all__ = ["plan_mmsegmentation", "plan_torchvision_fcn"]

_RESNETS = {6: "resnet50", 23: "resnet101"}  # by the blocks of the third layer

# From how a name begins in the file to how it does in the network; the first fits.
_TORCHVISION = {
    r"backbone\.": "backbone.trunk.",
    r"classifier\.4\.": "score_fr.",
    r"classifier\.": "fc6.",
    r"aux_classifier\.": "auxiliary.",
}
_MMSEGMENTATION = {
    r"backbone\.stem\.([0-6])\.": r"backbone.trunk.conv1.\1.",
    r"backbone\.stem\.7\.": "backbone.trunk.bn1.",  # the norm after the deep stem
    r"backbone\.": "backbone.trunk.",
    r"decode_head\.convs\.([01])\.conv\.": r"fc6.convs.\1.0.",
    r"decode_head\.convs\.([01])\.bn\.": r"fc6.convs.\1.1.",
    r"decode_head\.conv_cat\.conv\.": "fc6.join.0.",
    r"decode_head\.conv_cat\.bn\.": "fc6.join.1.",
    r"decode_head\.conv_seg\.": "score_fr.",
    r"auxiliary_head\.convs\.0\.conv\.": "auxiliary.0.",
    r"auxiliary_head\.convs\.0\.bn\.": "auxiliary.1.",
    r"auxiliary_head\.conv_seg\.": "auxiliary.4.",
}


def plan_torchvision_fcn(tensors: Tensors) -> Plan | None:
    """Read fcn_resnet50 or 101, with the auxiliary head where the file has one."""
    resnet = _find_resnet(tensors)
    if resnet is None:
        return None
    return Plan(
        f"fcn8s-{resnet}-torchvision{_option(tensors, 'aux_classifier.4.weight')}",
        _rename(tensors, _TORCHVISION),
        num_classes=count_classes(tensors, "classifier.4.weight"),
    )


def plan_mmsegmentation(tensors: Tensors) -> Plan | None:
    """Read the network, with its auxiliary head where the file has one.

    Only the usual head: two convolutions, joined with what they read.
    """
    resnet = _find_resnet(tensors)
    if resnet is None:
        return None
    if "backbone.stem.0.weight" in tensors:
        resnet += "_v1c"
    return Plan(
        f"fcn8s-{resnet}-mmseg{_option(tensors, 'auxiliary_head.conv_seg.weight')}",
        _rename(tensors, _MMSEGMENTATION),
        num_classes=count_classes(tensors, "decode_head.conv_seg.weight"),
        notes=(
            "read as a D8 network, dilated to stride 8; others have the same tensors",
        ),
    )


def _find_resnet(tensors: Tensors) -> str | None:
    blocks = {name.split(".")[2] for name in tensors if ".layer3." in name}
    return _RESNETS.get(len(blocks))


def _option(tensors: Tensors, auxiliary_scores: str) -> str:
    """Write the option of the network's name for an auxiliary head, if there is one."""
    return ",auxiliary=yes" if auxiliary_scores in tensors else ""


def _rename(tensors: Tensors, beginnings: Mapping[str, str]) -> dict[str, str]:
    """Map the names of the file to the network's; what begins otherwise has none."""
    names = {}
    for theirs in tensors:
        for pattern, ours in beginnings.items():
            renamed, count = re.subn(rf"^{pattern}", ours, theirs)
            if count:
                names[theirs] = renamed
                break
    return names
