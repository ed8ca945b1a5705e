from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.backbones import build_backbone
from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID, ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.models.weights import (
    ModelCard,
    load_weights,
    save_weights,
    write_weights,
)
from maskstream.pipeline.errors import ModelError
from maskstream.training.config import LossConfig
from maskstream.training.loss import segmentation_loss
from maskstream.training.start import prepare_start, start_from
from tests.training.runs import tiny_run

ROAD_AND_SKY = ClassTable(("road", "sky"), ((128, 64, 128), (70, 130, 180)))
OTHER_ELEVEN = ClassTable(tuple("abcdefghijk"), CAMVID.colours)


def save(path: Path, name: str, classes: ClassTable = CAMVID) -> FCN:
    """Save a network of random weights whose scores differ from place to place."""
    torch.manual_seed(0)
    model = build_model(name, len(classes)).eval()
    with torch.no_grad():
        model.score_fr.weight.mul_(10)
    card = ModelCard(name, classes, "none", "none", "none", (48, 64))
    save_weights(path, model, card)
    return model


def loss_of(scores: Tensor, labels: Tensor) -> float:
    """Measure the summed loss of the release for (1, K, h, w) scores."""
    size_hw = (labels.shape[1], labels.shape[2])
    grid = ScoreGrid.tiling(size_hw[0] // scores.shape[2])
    full = upsample_scores(scores, grid, size_hw)
    config = LossConfig(reduction="sum", dice=0)
    return segmentation_loss(full, labels, torch.ones(11), config).item()


@pytest.mark.slow
@torch.no_grad()
def test_the_loss_does_not_jump_from_32s_to_16s_to_8s(tmp_path: Path) -> None:
    """New skips say nothing at first: two steps of interpolation are all that changes.

    They cut the corners of one step, so scores are not quite those of 32s.
    """
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(1, 3, 96, 128, generator=generator) * 255
    labels = torch.randint(0, 11, (1, 96, 128), generator=generator)
    path = tmp_path / "start.safetensors"
    name = "fcn{}s-lite0-slim,upsampling=bilinear"
    save(path, name.format(32))
    expected = load_weights(path)[0](pictures)  # (1, K, h32, w32)
    first_loss = loss_of(expected, labels)

    for stride in (16, 8):
        torch.manual_seed(1)
        model = build_model(name.format(stride), 11)
        prepare_start(model, tiny_run(tmp_path, start=path), CAMVID)
        card = ModelCard(name.format(stride), CAMVID, "", "", "", (48, 64))
        save_weights(path, model, card)
        loss = loss_of(model.eval()(pictures), labels)
        expected = F.interpolate(expected, scale_factor=2, mode="bilinear")

        assert loss == pytest.approx(loss_of(expected, labels), rel=1e-4)
        assert loss == pytest.approx(first_loss, rel=0.1)


@pytest.mark.slow
def test_what_is_new_is_listed(tmp_path: Path) -> None:
    """Layers that the shallower member does not have, and none that it has."""
    path = tmp_path / "start.safetensors"
    donor = save(path, "fcn32s-lite0-slim")
    model = build_model("fcn16s-lite0-slim", 11)

    new = start_from(model, path, CAMVID)

    assert {name.partition(".")[0] for name in new} == {"score_pool4", "upscore2"}
    given = donor.score_fr.weight.half().float()
    assert torch.equal(model.score_fr.weight, given)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [ROAD_AND_SKY, OTHER_ELEVEN])
def test_scores_of_other_classes_begin_at_zero(
    tmp_path: Path, classes: ClassTable
) -> None:
    """Fine-tuning to one's own classes keeps all but what scores, however many."""
    path = tmp_path / "start.safetensors"
    donor = save(path, "fcn8s-lite0-slim", classes)
    model = build_model("fcn8s-lite0-slim", 11)
    bilinear = model.state_dict()["upscore2.weight"].clone()

    prepare_start(model, tiny_run(tmp_path, start=path), CAMVID)

    assert torch.equal(model.state_dict()["upscore2.weight"], bilinear)
    for name, tensor in donor.fc6.state_dict().items():
        assert torch.equal(model.fc6.state_dict()[name], tensor.half().to(tensor.dtype))
    assert not model.score_fr.weight.any()
    assert not model(torch.rand(1, 3, 64, 64) * 255).any()


@pytest.mark.slow
def test_another_backbone_is_refused(tmp_path: Path) -> None:
    """Weights of another trunk are no start, and the message names what is missing."""
    path = tmp_path / "start.safetensors"
    save(path, "fcn8s-lite0-slim")

    with pytest.raises(ModelError, match="which has another backbone"):
        start_from(build_model("fcn8s-vgg11-slim", 11), path, CAMVID)


@pytest.mark.slow
def test_the_paper_starts_from_vgg_less_another_mean(tmp_path: Path) -> None:
    """Caffe's kernels saw BGR too; the release fed them less a mean of its own."""
    path = tmp_path / "start.safetensors"
    donor = save(path, "fcn8s-vgg11-slim,colours=caffe")
    model = build_model("fcn8s-vgg11-slim,colours=fcn", 11)

    start_from(model, path, CAMVID)

    given = donor.backbone.get_parameter("conv1_1.weight").half().float()
    assert model.backbone.get_parameter("conv1_1.weight").equal(given)


@pytest.mark.slow
def test_other_colours_are_refused(tmp_path: Path) -> None:
    """Kernels that saw BGR would have to be learnt anew; the message tells the name."""
    path = tmp_path / "start.safetensors"
    save(path, "fcn8s-vgg11-slim,colours=caffe")

    with pytest.raises(ModelError, match="add ,colours=caffe to the name"):
        start_from(build_model("fcn8s-vgg11-slim,colours=imagenet", 11), path, CAMVID)


def vgg11_weights(path: Path, metadata: dict[str, str]) -> dict[str, Tensor]:
    """Write the weights of a backbone, as imports do."""
    torch.manual_seed(0)
    weights = build_backbone("vgg11").state_dict()
    write_weights(path, weights, metadata)
    return weights


@pytest.mark.slow
@pytest.mark.parametrize("metadata", [{}, {"colours": "caffe"}, {"colours": "fcn"}])
def test_a_backbone_starts_from_weights_of_its_colours(
    metadata: dict[str, str], tmp_path: Path
) -> None:
    """Files that do not say theirs are taken too."""
    path = tmp_path / "vgg11.safetensors"
    weights = vgg11_weights(path, metadata)
    model = build_model("fcn8s-vgg11-slim", 11)

    prepare_start(model, tiny_run(tmp_path, backbone_weights=path), CAMVID)

    own = model.backbone.get_parameter("conv1_1.weight")
    assert own.equal(weights["conv1_1.weight"].half().float())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("colours", "told"),
    [
        ("imagenet", "it expects imagenet colours, .* add ,colours=imagenet to"),
        ("sepia", "its colours are 'sepia', and caffe, fcn, nyud, imagenet are known"),
    ],
)
def test_backbone_weights_of_other_colours_are_refused(
    colours: str, told: str, tmp_path: Path
) -> None:
    """As the weights of a whole network are."""
    path = tmp_path / "vgg11.safetensors"
    vgg11_weights(path, {"colours": colours})
    config = tiny_run(tmp_path, backbone_weights=path)

    with pytest.raises(ModelError, match=rf"vgg11\.safetensors: {told}"):
        prepare_start(build_model("fcn8s-vgg11-slim", 11), config, CAMVID)
