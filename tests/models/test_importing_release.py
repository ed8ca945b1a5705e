"""Networks of the FCN release, as caffe and as pytorch-fcn have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from maskstream.models.backbones import VGG, Colours
from maskstream.models.geometry import upsample_scores
from maskstream.models.importing import import_weights, save_imported
from maskstream.models.upscore import bilinear_kernel
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ModelError
from tests.models.caffe_files import Blobs, caffemodel, caffemodel_v1
from tests.models.released import assert_same, released_scores
from tests.models.weight_files import (
    NUM_VOC,
    blank,
    learnt,
    narrow_vgg,
    pytorch_fcn,
    read,
)


def scales() -> dict[str, Tensor]:
    """Make what caffe keeps of the scales: a number for each channel of the pools."""
    pool3, pool4, _ = VGG.channels
    return {
        "scale_pool4.weight": torch.full((pool4,), 0.01),
        "scale_pool3.weight": torch.full((pool3,), 0.0001),
    }


@pytest.mark.parametrize(("stride", "count"), [(8, 39), (16, 36), (32, 33)])
def test_files_of_pytorch_fcn_are_whole_networks(
    stride: int, count: int, tmp_path: Path
) -> None:
    """Every tensor has its place, but the last step, which all networks have."""
    tensors = pytorch_fcn(stride)

    imported = read(tensors, tmp_path)

    assert len(tensors) == count
    assert imported.target.name == f"fcn{stride}s-vgg16-paper,colours=fcn"
    assert imported.num_classes == NUM_VOC
    assert imported.match.is_complete
    assert len(imported.match.taken) == count - 1
    assert list(imported.match.unused.values()) == [
        "it is bilinear, which every network's last step is"
    ]


@pytest.mark.parametrize(
    ("num_classes", "colours"), [(40, Colours.NYUD), (60, Colours.FCN)]
)
def test_networks_of_nyud_and_pascal_context_have_their_mean(
    num_classes: int, colours: Colours, tmp_path: Path
) -> None:
    """They differ from VOC's in the number of classes; that of NYUDv2 is told."""
    tensors = pytorch_fcn(32) | blank(
        {
            "score_fr.weight": (num_classes, 4096, 1, 1),
            "score_fr.bias": (num_classes,),
        }
    )
    kernel = torch.eye(num_classes)[:, :, None, None] * bilinear_kernel(64)

    imported = read(tensors | {"upscore.weight": kernel}, tmp_path)

    assert imported.num_classes == num_classes
    assert imported.match.is_complete
    name = f"fcn32s-vgg16-paper,colours={colours.value}"
    assert imported.target.name == name
    assert any("NYUDv2" in note for note in imported.notes) == (num_classes == 40)


def siftflow() -> dict[str, Tensor]:
    """Make the state of siftflow-fcn32s: two sets of scores on one trunk."""
    tensors = pytorch_fcn(32)
    for name in ("score_fr.weight", "score_fr.bias", "upscore.weight"):
        layer, _, kind = name.partition(".")
        tensors[f"{layer}_sem.{kind}"] = tensors[f"{layer}_geo.{kind}"] = tensors[name]
        del tensors[name]
    return tensors


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        (
            siftflow(),
            "siftflow-fcn.*, which scores classes and geometry apart; --model",
        ),
        (
            {f"score_fr{kind}.weight": torch.ones(1) for kind in ("color", "hha")},
            "nyud-fcn32s-color-hha, which has a trunk for depth too",
        ),
        (
            {
                {"conv1_1.weight": "conv1_1_bgrd.weight"}.get(name, name): tensor
                for name, tensor in pytorch_fcn(32).items()
            },
            "nyud-fcn32s-color-d, which sees depth beside colours",
        ),
    ],
)
def test_networks_of_the_release_that_are_none_here_are_named(
    tensors: dict[str, Tensor], told: str, tmp_path: Path
) -> None:
    """Their trunk alone is not taken for what was asked."""
    with pytest.raises(ModelError, match=rf"weights\.pth: no network here is {told}"):
        read(tensors, tmp_path)


def test_the_backbone_of_siftflow_is_taken_by_hand(tmp_path: Path) -> None:
    """As the message says."""
    imported = read(siftflow(), tmp_path, model="vgg16")

    assert imported.match.is_complete
    assert imported.target.name == "vgg16"


def test_colours_said_by_hand_are_kept(tmp_path: Path) -> None:
    """A file may have the names of the release and have learnt from other colours."""
    name = "fcn8s-vgg16-paper,colours=caffe"

    imported = read(pytorch_fcn(8), tmp_path, model=name)

    assert imported.target.name == name


def test_a_last_step_that_was_learnt_is_kept(tmp_path: Path) -> None:
    """It makes the network one of upsampling=learned-all, of 39 tensors."""
    tensors = pytorch_fcn(8)
    tensors["upscore8.weight"] = torch.rand(NUM_VOC, NUM_VOC, 16, 16)

    imported = read(tensors, tmp_path)

    name = "fcn8s-vgg16-paper,upsampling=learned-all,colours=fcn"
    assert imported.target.name == name
    assert len(imported.match.taken) == 39
    assert imported.match.taken["upscore.weight"].equal(tensors["upscore8.weight"])


@pytest.mark.parametrize("shape", [(16,), (21, 21, 16, 8), (21, 7, 16, 16), ()])
def test_a_last_step_that_is_none_is_told(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    """It is of another shape than that of the network, whatever it is."""
    tensors = pytorch_fcn(8) | {"upscore8.weight": torch.ones(shape)}

    imported = read(tensors, tmp_path)

    assert imported.match.misfits.keys() == {"upscore8.weight"}


def test_weights_learnt_at_once_are_told_by_hand_or_by_their_scales(
    tmp_path: Path,
) -> None:
    """pytorch-fcn's look like those of 8s; caffe's have the scales as layers."""
    by_hand = read(pytorch_fcn(8), tmp_path, model="fcn8s-atonce-vgg16-paper")
    plain = read(pytorch_fcn(8), tmp_path)
    by_scales = read(pytorch_fcn(8) | scales(), tmp_path)

    assert by_hand.match.is_complete
    name = "fcn8s-atonce-vgg16-paper,colours=fcn"
    assert by_hand.target.name == by_scales.target.name == name
    assert "--model fcn8s-atonce-vgg16-paper" in plain.notes[0]


@pytest.mark.parametrize("odd", [torch.tensor([0.01, 0.02]), torch.ones(())])
def test_other_scales_than_those_of_the_release_are_refused(
    odd: Tensor, tmp_path: Path
) -> None:
    """A network here would give other scores than the file's."""
    tensors = pytorch_fcn(8) | scales() | {"scale_pool4.weight": odd}

    with pytest.raises(
        ModelError, match=r"scale_pool4\.weight is not 0\.01 throughout"
    ):
        read(tensors, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("write", [caffemodel, caffemodel_v1])
@torch.inference_mode()
def test_a_whole_caffemodel_learnt_at_once_gives_the_scores_of_the_release(
    write: Callable[[Mapping[str, Blobs]], bytes], tmp_path: Path
) -> None:
    """From every layer of the file, its scales too, to scores of full size."""
    path, output = tmp_path / "net.caffemodel", tmp_path / "out.safetensors"
    with narrow_vgg():
        weights = learnt(pytorch_fcn(8))
        layers: dict[str, list[np.ndarray]] = defaultdict(list)
        for name, tensor in {**weights, **scales()}.items():  # a bias after its kernel
            layers[name.partition(".")[0]].append(tensor.numpy())
        path.write_bytes(write(layers))
        save_imported(import_weights(path), output)
        model, card = load_weights(output)
    pictures = torch.rand(1, 3, 65, 97) * 255

    expected = released_scores(weights, pictures, 8, at_once=True)
    full = upsample_scores(model(pictures), model.score_grid, (65, 97))

    assert card.model == "fcn8s-atonce-vgg16-paper,colours=fcn"
    assert_same(full, expected)


def test_a_caffemodel_is_read_like_its_copy_in_torch(tmp_path: Path) -> None:
    """The release's own files have the names of pytorch-fcn's."""
    path = tmp_path / "small.caffemodel"
    layers = {"conv1_1": [np.ones((64, 3, 3, 3), np.float32), np.ones(64, np.float32)]}
    path.write_bytes(caffemodel_v1(layers))

    imported = import_weights(path, model="vgg16")

    assert imported.match.taken.keys() == {
        "backbone.conv1_1.weight",
        "backbone.conv1_1.bias",
    }
    assert len(imported.match.missing) == 24
    assert imported.match.missing[0] == "backbone.conv1_2.weight"
