from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from maskstream.models.backbones import build_backbone
from maskstream.models.backbones.vgg import VGG_LAYERS
from maskstream.models.importing import Imported, import_weights, save_imported
from maskstream.models.upscore import bilinear_kernel
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ConfigError, ModelError
from tests.models.caffe_files import caffemodel, caffemodel_v1

Shapes = Mapping[str, tuple[int, ...]]

VOC = 21
WIDTHS = (64, 128, 256, 512, 512)
DENSE = {"fc6": (4096, 25088), "fc7": (4096, 4096), "fc8": (1000, 4096)}


def blank(shapes: Shapes) -> dict[str, Tensor]:
    """Make tensors of any size that take no room, in memory or in a file."""
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def vgg_convolutions(layers: int = 16) -> dict[str, tuple[int, ...]]:
    """Return the shapes of VGG's kernels and biases, by caffe's names."""
    shapes: dict[str, tuple[int, ...]] = {}
    num_inputs = 3
    for block, (count, width) in enumerate(
        zip(VGG_LAYERS[layers], WIDTHS, strict=True), 1
    ):
        for index in range(1, count + 1):
            shapes[f"conv{block}_{index}.weight"] = (width, num_inputs, 3, 3)
            shapes[f"conv{block}_{index}.bias"] = (width,)
            num_inputs = width
    return shapes


def pytorch_fcn(stride: int) -> dict[str, Tensor]:
    """Make the state dict of pytorch-fcn's FCN-8s, 16s or 32s, as its files have it."""
    shapes = vgg_convolutions()
    scored = {"score_fr": 4096}
    deconvolutions = {"upscore": 64}
    if stride <= 16:
        scored["score_pool4"] = 512
        deconvolutions = {"upscore2": 4, "upscore16": 32}
    if stride <= 8:
        scored["score_pool3"] = 256
        deconvolutions = {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16}
    for name, num_inputs in scored.items():
        shapes[f"{name}.weight"] = (VOC, num_inputs, 1, 1)
        shapes[f"{name}.bias"] = (VOC,)
    shapes |= {"fc6.weight": (4096, 512, 7, 7), "fc7.weight": (4096, 4096, 1, 1)}
    shapes |= {"fc6.bias": (4096,), "fc7.bias": (4096,)}
    tensors = blank(shapes)
    for name, size in deconvolutions.items():
        kernel = torch.eye(VOC)[:, :, None, None] * bilinear_kernel(size)
        tensors[f"{name}.weight"] = kernel
    return tensors


def read(tensors: Mapping[str, Tensor], folder: Path, **options: str) -> Imported:
    """Save a state dict with torch and import it."""
    path = folder / "weights.pth"
    torch.save(dict(tensors), path)
    return import_weights(path, **options)


@pytest.mark.parametrize(("stride", "count"), [(8, 39), (16, 36), (32, 33)])
def test_files_of_pytorch_fcn_are_whole_networks(
    stride: int, count: int, tmp_path: Path
) -> None:
    """Every tensor has its place, but the last step, which all networks have."""
    tensors = pytorch_fcn(stride)

    imported = read(tensors, tmp_path)

    assert len(tensors) == count
    assert imported.target.name == f"fcn{stride}s-vgg16-paper"
    assert imported.num_classes == VOC
    assert imported.match.is_complete
    assert len(imported.match.taken) == count - 1
    assert list(imported.match.unused.values()) == [
        "it is bilinear, which every network's last step is"
    ]


def test_a_last_step_that_was_learnt_is_kept(tmp_path: Path) -> None:
    """It makes the network one of upsampling=learned-all, of 39 tensors."""
    tensors = pytorch_fcn(8)
    tensors["upscore8.weight"] = torch.rand(VOC, VOC, 16, 16)

    imported = read(tensors, tmp_path)

    assert imported.target.name == "fcn8s-vgg16-paper,upsampling=learned-all"
    assert len(imported.match.taken) == 39
    assert imported.match.taken["upscore.weight"].equal(tensors["upscore8.weight"])


def test_weights_learnt_at_once_are_told_by_hand_or_by_their_scales(
    tmp_path: Path,
) -> None:
    """pytorch-fcn's look like those of 8s; caffe's have the scales as layers."""
    by_hand = read(pytorch_fcn(8), tmp_path, model="fcn8s-atonce-vgg16-paper")
    plain = read(pytorch_fcn(8), tmp_path)
    scales = {"scale_pool4.weight": torch.ones(1), "scale_pool3.weight": torch.ones(1)}
    by_scales = read(pytorch_fcn(8) | scales, tmp_path)

    assert by_hand.match.is_complete
    assert by_hand.target.name == by_scales.target.name == "fcn8s-atonce-vgg16-paper"
    assert "--model fcn8s-atonce-vgg16-paper" in plain.notes[0]


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


@pytest.mark.parametrize("layers", VGG_LAYERS)
def test_dense_layers_of_vgg_become_convolutions(layers: int, tmp_path: Path) -> None:
    """4096x25088 is 4096x512x7x7; a classifier then scores pictures of any size."""
    shapes = vgg_convolutions(layers)
    for name, shape in DENSE.items():
        shapes |= {
            f"{name}.weight": (1, 1, *shape),
            f"{name}.bias": (1, 1, 1, shape[0]),
        }

    imported = read(blank(shapes), tmp_path)

    assert imported.target.name == f"fcn32s-vgg{layers}-paper"
    assert imported.num_classes == 1000
    assert imported.match.is_complete
    assert not imported.match.unused
    assert imported.match.taken["fc6.0.weight"].shape == (4096, 512, 7, 7)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("vgg16", "fcn32s-vgg16-paper,colours=imagenet"),
        ("vgg13_bn", "fcn32s-vgg13_bn-paper"),
        ("resnet18", "resnet18"),
        ("googlenet", "googlenet"),
        ("mobilenet_v3_small", "mobilenet_v3_small"),
        ("efficientnet_b0", "efficientnet_b0"),
    ],
)
@pytest.mark.slow
def test_classifiers_of_torchvision_are_recognised(
    name: str, target: str, tmp_path: Path
) -> None:
    """VGG's become networks; of the others the backbone is taken, the rest told."""
    import torchvision

    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        classifier = torchvision.models.get_model(name, weights=None, **options)
    shapes = {key: tuple(t.shape) for key, t in classifier.state_dict().items()}

    imported = read(blank(shapes), tmp_path)

    assert imported.target.name == target
    assert imported.match.is_complete
    assert len(imported.match.taken) + len(imported.match.unused) == len(shapes)
    if "paper" not in target:
        assert set(imported.match.unused.values()) == {"it classifies whole pictures"}


def test_torchvisions_features_in_rgb_are_turned_to_caffes_bgr(tmp_path: Path) -> None:
    """Its file has no numbers for the dense layers, which is told."""
    kernels = [
        shape for name, shape in vgg_convolutions().items() if name.endswith("weight")
    ]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    names = (f"features.{place}.weight" for place in places)
    tensors = blank(dict(zip(names, kernels, strict=True)))
    tensors["features.0.bias"] = torch.zeros(64)
    tensors["features.0.weight"] = torch.rand(64, 3, 3, 3)
    tensors["classifier.0.bias"] = torch.full((4096,), torch.nan)

    imported = read(tensors, tmp_path)

    assert imported.target.name == "vgg16"
    turned = imported.match.taken["backbone.conv1_1.weight"]
    assert turned[:, 0].equal(tensors["features.0.weight"][:, 2])
    assert imported.match.unused["classifier.0.bias"] == "it holds no numbers (nan)"


@pytest.mark.slow
def test_vgg_of_keras_is_a_backbone(tmp_path: Path) -> None:
    """The ``notop`` file has every convolution of VGG16, and nothing more."""
    path = tmp_path / "vgg16_notop.h5"
    with h5py.File(path, "w") as file:
        for name, shape in vgg_convolutions().items():
            layer = f"block{name[4]}_conv{name[6]}"
            in_keras = shape if len(shape) == 1 else (*shape[2:], shape[1], shape[0])
            # Never written to, so that it takes no room.
            file.create_dataset(f"{layer}/{layer}_{name[8:]}:0", in_keras, np.float32)

    imported = import_weights(path)

    assert imported.format == "Keras VGG"
    assert imported.target.name == "vgg16"
    assert imported.match.is_complete
    assert not imported.match.unused


@pytest.mark.slow
@pytest.mark.parametrize("has_auxiliary", [False, True])
def test_torchvisions_fcn_is_a_whole_network(
    has_auxiliary: bool, tmp_path: Path
) -> None:
    """With the auxiliary head where the file has it."""
    import torchvision

    with torch.device("meta"):
        model = torchvision.models.segmentation.fcn_resnet50(
            weights=None, weights_backbone=None, aux_loss=has_auxiliary
        )
    shapes = {key: tuple(t.shape) for key, t in model.state_dict().items()}

    imported = read(blank(shapes), tmp_path)

    option = ",auxiliary=yes" if has_auxiliary else ""
    assert imported.target.name == f"fcn8s-resnet50-torchvision{option}"
    assert imported.match.is_complete
    assert not imported.match.unused


def test_what_does_not_match_is_named(tmp_path: Path) -> None:
    """A tensor of another shape, one missing and one too many: nothing is silent."""
    tensors = pytorch_fcn(32)
    tensors["fc7.bias"] = torch.zeros(7)
    tensors["stranger.weight"] = torch.zeros(1)
    del tensors["conv3_2.bias"]

    imported = read(tensors, tmp_path)
    with pytest.raises(ModelError) as caught:
        save_imported(imported, tmp_path / "out.safetensors")

    assert imported.match.missing == ("backbone.conv3_2.bias",)
    assert imported.match.misfits == {"fc7.bias": "7, and fc7.0.bias is 4096"}
    assert "stranger.weight" in imported.match.unused
    assert "30 of 32 tensors of fcn32s-vgg16-paper are there" in str(caught.value)
    assert "conv3_2.bias" in str(caught.value)
    assert not (tmp_path / "out.safetensors").exists()


def test_a_file_of_no_known_format_wants_a_model(tmp_path: Path) -> None:
    """Networks are not guessed from tensors without a sign."""
    with pytest.raises(
        ModelError, match=r"no format known here .* x, y, .*--model NAME"
    ):
        read({"x": torch.ones(1), "y": torch.ones(1)}, tmp_path)


def test_a_backbone_becomes_start_weights(tmp_path: Path) -> None:
    """They load where training wants them, and tell where they come from."""
    torch.manual_seed(0)
    vgg = build_backbone("vgg11")
    weights = dict(vgg.state_dict())
    path, output = tmp_path / "vgg11.caffemodel", tmp_path / "out.safetensors"
    layers = {name.partition(".")[0] for name in weights}
    kinds = ("weight", "bias")
    path.write_bytes(
        caffemodel(
            {
                layer: [weights[f"{layer}.{kind}"].numpy() for kind in kinds]
                for layer in sorted(layers)
            }
        )
    )

    card = save_imported(import_weights(path), output)

    assert card is None
    other = build_backbone("vgg11")
    other.load_pretrained(load_file(output))
    for name, tensor in other.state_dict().items():
        assert tensor.equal(weights[name].half().float()), name


@pytest.mark.slow
def test_a_network_is_saved_whole_with_a_card(tmp_path: Path) -> None:
    """A plain state dict of a network here, of which the name is given."""
    from maskstream.models.build import build_model

    torch.manual_seed(0)
    name = "fcn8s-mobilenet_v3_small-slim"
    model = build_model(name, VOC).eval()
    output = tmp_path / "out.safetensors"

    imported = read(model.state_dict(), tmp_path, model=name)
    save_imported(imported, output, licence="CC0")
    loaded, card = load_weights(output)

    assert card.model == name
    assert card.classes.names[15] == "person"
    assert card.licence == "CC0"
    assert card.source.startswith("plain state dict: weights.pth, SHA-256 ")
    pictures = torch.rand(1, 3, 64, 64) * 255
    with torch.inference_mode():
        expected = model(pictures)
        assert torch.allclose(loaded(pictures), expected, rtol=0.05, atol=0.05)


def test_a_class_table_of_another_length_is_refused(tmp_path: Path) -> None:
    """Classes and scores must be as many."""
    from maskstream.models.classes import CAMVID

    imported = read(pytorch_fcn(32), tmp_path)
    with pytest.raises(ConfigError, match="21 classes, the class table 11"):
        save_imported(imported, tmp_path / "out.safetensors", classes=CAMVID)
