from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maskstream.models.backbones import build_backbone
from maskstream.models.importing import import_weights, save_imported
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ConfigError, ModelError
from tests.models.caffe_files import caffemodel
from tests.models.weight_files import NUM_VOC, blank, pytorch_fcn, read


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
    assert "30 of 32 tensors of fcn32s-vgg16-paper,colours=fcn are" in str(caught.value)
    assert "conv3_2.bias" in str(caught.value)
    assert not (tmp_path / "out.safetensors").exists()


def test_a_file_of_no_known_format_wants_a_model(tmp_path: Path) -> None:
    """Networks are not guessed from tensors without a sign."""
    with pytest.raises(
        ModelError, match=r"no format known here .* x, y, .*--model NAME"
    ):
        read({"x": torch.ones(1), "y": torch.ones(1)}, tmp_path)


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        (pytorch_fcn(32) | {"score_fr.weight": torch.ones(())}, "score_fr.weight is"),
        (
            {
                "backbone.layer4.0.conv1.weight": torch.ones(1),
                "classifier.4.weight": torch.ones(()),
                **{f"backbone.layer3.{i}.x": torch.ones(1) for i in range(6)},
            },
            "classifier.4.weight is one number",
        ),
        (
            {
                "decode_head.convs.1.conv.weight": torch.ones(1),
                "decode_head.conv_cat.conv.weight": torch.ones(1),
                **{f"backbone.layer3.{i}.x": torch.ones(1) for i in range(6)},
            },
            "decode_head.conv_seg.weight is missing",
        ),
    ],
)
def test_a_file_whose_classes_cannot_be_counted_is_refused(
    tensors: dict[str, torch.Tensor], told: str, tmp_path: Path
) -> None:
    """What is wrong with the layer that scores is told in one sentence."""
    with pytest.raises(ModelError, match=rf"weights\.pth: {told}"):
        read(tensors, tmp_path)


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
    model = build_model(name, NUM_VOC).eval()
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


def test_an_import_into_no_folder_is_refused(tmp_path: Path) -> None:
    """The folder that is missing is named."""
    imported = read(pytorch_fcn(32), tmp_path)

    with pytest.raises(ConfigError, match=r"absent: there is no such folder"):
        save_imported(imported, tmp_path / "absent/out.safetensors")


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
