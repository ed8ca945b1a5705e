"""torchvision's FCN as a member of the family, against torchvision itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from maskstream.models.build import build_model
from maskstream.models.geometry import upsample_scores
from maskstream.models.importing.dilated import plan_torchvision_fcn
from maskstream.pipeline.errors import ModelError
from tests.models.networks import unsettle_norms

NAME = "fcn8s-resnet50-torchvision"
NUM_CLASSES = 5
SIZE_HW = 40, 56  # divides by 8 but not by 32


def torchvision_fcn() -> nn.Module:
    """Build torchvision's own network, its batch norms not trivial."""
    import torchvision

    model: nn.Module = torchvision.models.get_model(
        "fcn_resnet50",
        weights=None,
        weights_backbone=None,
        num_classes=NUM_CLASSES,
        aux_loss=True,
    )
    unsettle_norms(model)
    return model.eval()


@pytest.mark.slow
@pytest.mark.parametrize("is_training", [False, True])
def test_the_member_gives_what_torchvision_gives(is_training: bool) -> None:
    """Both outputs, from the weights of torchvision, in both modes of batch norm."""
    torch.manual_seed(0)
    theirs = torchvision_fcn()
    ours = build_model(f"{NAME},auxiliary=yes", NUM_CLASSES).eval()
    weights = theirs.state_dict()
    plan = plan_torchvision_fcn(weights)
    assert plan is not None
    ours.load_state_dict({own: weights[name] for name, own in plan.names.items()})
    for layer in [*theirs.modules(), *ours.modules()]:
        if isinstance(layer, nn.BatchNorm2d):
            layer.train(is_training)
    pictures = torch.rand(2, 3, *SIZE_HW) * 255

    with torch.inference_mode():
        expected = theirs(ours.backbone.normalise(pictures))
        scores, auxiliary = ours.forward_auxiliary(pictures)

    for found, name in ((scores, "out"), (auxiliary, "aux")):
        full = upsample_scores(found, ours.score_grid, SIZE_HW)
        assert (full - expected[name]).norm() <= 1e-5 * expected[name].norm()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"), [("resnet50", 35_322_218), ("resnet101", 54_314_346)]
)
def test_members_have_the_parameters_that_torchvision_states(
    name: str, parameters: int
) -> None:
    """As FCN_ResNet50_Weights and FCN_ResNet101_Weights count them, with 21 classes."""
    with torch.device("meta"):
        model = build_model(f"fcn8s-{name}-torchvision,auxiliary=yes", 21)

    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.slow
def test_a_member_has_the_interface_of_the_family() -> None:
    """Any size is scored at stride 8, without the auxiliary head unless wanted."""
    model = build_model(NAME, NUM_CLASSES).eval()

    with torch.inference_mode():
        scores: Tensor = model(torch.rand(1, 3, 33, 50) * 255)

    assert scores.shape == (1, NUM_CLASSES, 5, 7)
    assert not any(name.startswith("auxiliary") for name in model.state_dict())
    with pytest.raises(ModelError, match="no auxiliary head; auxiliary=yes has"):
        model.forward_auxiliary(torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize("name", ["vgg16", "resnet18", "lite0"])
def test_torchvisions_head_wants_a_resnet_with_bottlenecks(name: str) -> None:
    """What has no dilated form is refused by name."""
    with pytest.raises(ModelError, match=f"{name} cannot have the head of torchvision"):
        build_model(f"fcn8s-{name}-torchvision", NUM_CLASSES)


def test_only_torchvisions_head_has_an_auxiliary_one() -> None:
    """The paper's form never had."""
    with pytest.raises(ModelError, match="only the heads torchvision and mmseg"):
        build_model("fcn8s-vgg16-paper,auxiliary=yes", NUM_CLASSES)
