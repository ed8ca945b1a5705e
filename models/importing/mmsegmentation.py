"""FCNs of mmsegmentation: dilated ResNets with its FCNHead."""

from __future__ import annotations

import re

from maskstream.models.importing.plan import Plan, Tensors

__all__ = ["plan_mmsegmentation"]

_RESNETS = {6: "resnet50", 23: "resnet101"}  # by the blocks of the third layer
_RENAMES = (
    (r"backbone\.stem\.([0-6])\.", r"backbone.trunk.conv1.\1."),
    (r"backbone\.stem\.7\.", "backbone.trunk.bn1."),  # the norm after the deep stem
    (r"backbone\.", "backbone.trunk."),
    (r"decode_head\.convs\.([01])\.conv\.", r"fc6.convs.\1.0."),
    (r"decode_head\.convs\.([01])\.bn\.", r"fc6.convs.\1.1."),
    (r"decode_head\.conv_cat\.conv\.", "fc6.join.0."),
    (r"decode_head\.conv_cat\.bn\.", "fc6.join.1."),
    (r"decode_head\.conv_seg\.", "score_fr."),
    (r"auxiliary_head\.convs\.0\.conv\.", "auxiliary.0."),
    (r"auxiliary_head\.convs\.0\.bn\.", "auxiliary.1."),
    (r"auxiliary_head\.conv_seg\.", "auxiliary.4."),
)


def plan_mmsegmentation(tensors: Tensors) -> Plan | None:
    """Read the network, with its auxiliary head where the file has one.

    Only the usual head: two convolutions, joined with what they read.
    """
    blocks = {name.split(".")[2] for name in tensors if ".layer3." in name}
    resnet = _RESNETS.get(len(blocks))
    if resnet is None:
        return None
    stem = "_v1c" if "backbone.stem.0.weight" in tensors else ""
    has_auxiliary = "auxiliary_head.conv_seg.weight" in tensors
    return Plan(
        f"fcn8s-{resnet}{stem}-mmseg{',auxiliary=yes' if has_auxiliary else ''}",
        {name: ours for name in tensors if (ours := _rename(name)) is not None},
        num_classes=tensors["decode_head.conv_seg.weight"].shape[0],
        notes=(
            "read as a D8 network, dilated to stride 8; others have the same tensors",
        ),
    )


def _rename(theirs: str) -> str | None:
    for pattern, ours in _RENAMES:
        renamed, count = re.subn(rf"^{pattern}", ours, theirs)
        if count:
            return renamed
    return None
