from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID, ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.weights import (
    DEFAULT_WEIGHTS,
    ModelCard,
    embedded_models,
    load_weights,
    read_backbone_weights,
    save_weights,
    write_weights,
)
from maskstream.pipeline.errors import ModelError

CARD = ModelCard(
    model="fcn8s-lite0-slim",
    classes=CAMVID,
    data="four made pictures",
    licence="none needed",
    training_command="maskstream train --data DIR --output DIR",
    training_size_hw=(320, 320),
    scores={"val mean IoU": 0.5},
)


@pytest.fixture(scope="module")
def model() -> FCN:
    """Make a network with random weights, once for the file."""
    torch.manual_seed(0)
    return build_model("fcn8s-lite0-slim", len(CAMVID)).eval()


def test_weights_come_back_as_fp16_keeps_them(model: FCN, tmp_path: Path) -> None:
    """A file holds halves; the network loaded from it is fp32 and ready to label."""
    path = tmp_path / "made.safetensors"

    save_weights(path, model, CARD)
    loaded, card = load_weights(path)

    assert replace(card, preprocessing="") == CARD
    assert card.preprocessing == model.backbone.colours.description
    assert not loaded.training
    for name, tensor in loaded.state_dict().items():
        original = model.state_dict()[name]
        assert tensor.dtype == original.dtype
        assert tensor.equal(original.half().to(original.dtype)), name


def test_numbers_too_small_for_fp16_are_kept(tmp_path: Path) -> None:
    """A tensor of tiny numbers stays fp32, where halves would lose them."""
    path = tmp_path / "tiny.safetensors"
    tiny = torch.rand(8) * 1e-7

    write_weights(path, {"tiny": tiny, "usual": torch.ones(8)}, {})

    tensors = load_file(path)
    assert tensors["tiny"].equal(tiny)
    assert tensors["usual"].dtype == torch.float16


def test_saving_leaves_no_partial_file(model: FCN, tmp_path: Path) -> None:
    """Weights take their name when they are whole."""
    save_weights(tmp_path / "made.safetensors", model, CARD)

    assert [path.name for path in tmp_path.iterdir()] == ["made.safetensors"]


def test_a_missing_file_is_named_beside_what_is_embedded(tmp_path: Path) -> None:
    """The message says what could be given instead."""
    with pytest.raises(ModelError, match=rf"absent.*{DEFAULT_WEIGHTS}"):
        load_weights(tmp_path / "absent.safetensors")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Only safetensors are read: nothing in them can run."""
    path = tmp_path / "weights.safetensors"
    path.write_text("not tensors at all")

    with pytest.raises(ModelError, match="not a safetensors file"):
        load_weights(path)


def test_weights_without_a_card_are_refused(tmp_path: Path) -> None:
    """A network is never guessed from its tensors."""
    path = tmp_path / "bare.safetensors"
    save_file({"conv_stem.weight": torch.zeros(1)}, path)

    with pytest.raises(ModelError, match="no model card"):
        load_weights(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": 5}, "model must be text, got 5"),
        ({"licence": ["CC0"]}, "licence must be text, got"),
        ({"scores": {"val mean IoU": "high"}}, "scores must be numbers by name, got"),
        ({"scores": None}, "scores must be numbers by name, got None"),
    ],
)
def test_a_card_of_other_types_is_refused(change: dict[str, object], told: str) -> None:
    """JSON holds more than a card can."""
    text = json.dumps(json.loads(CARD.to_json()) | change)

    with pytest.raises(ModelError, match=f"this is not a model card: {told}"):
        ModelCard.from_json(text)


@pytest.mark.parametrize("text", ["{}", "[]", "?", '{"training_size_hw": 3}'])
def test_a_damaged_card_is_refused(text: str, tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "odd.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata={"model_card": text})

    with pytest.raises(ModelError, match=r"odd\.safetensors: .*not a model card"):
        load_weights(path)


def test_weights_of_another_model_are_refused(model: FCN, tmp_path: Path) -> None:
    """What is missing, unexpected or of another shape is counted, the first named."""
    path = tmp_path / "foreign.safetensors"
    save_weights(path, model, CARD)
    tensors = load_file(path)
    tensors["foreign.weight"] = tensors.pop("score_fr.weight")
    tensors["score_fr.bias"] = torch.zeros(7)
    save_file(tensors, path, metadata={"model_card": CARD.to_json()})

    with pytest.raises(ModelError, match="weights of another model") as caught:
        load_weights(path)

    assert "1 missing (first score_fr.weight)" in str(caught.value)
    assert "1 unexpected (first foreign.weight)" in str(caught.value)
    assert "1 of another shape (first score_fr.bias)" in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(
    model: FCN, tmp_path: Path, value: float
) -> None:
    """Of a training that blew up; the network would find one class everywhere."""
    path = tmp_path / "broken.safetensors"
    save_weights(path, model, CARD)
    tensors = load_file(path)
    tensors["score_fr.weight"][1] = value
    save_file(tensors, path, metadata={"model_card": CARD.to_json()})

    with pytest.raises(ModelError) as caught:
        load_weights(path)

    assert str(caught.value) == (
        f"{path}: 1 of its weights are not all finite (first score_fr.weight)"
    )


def test_weights_for_fewer_classes_are_refused(model: FCN, tmp_path: Path) -> None:
    """A card that counts other classes than its tensors is found out."""
    path = tmp_path / "few.safetensors"
    save_weights(path, model, CARD)
    two = ClassTable(("road", "rest"), ((1, 2, 3), (4, 5, 6)))
    card = ModelCard("fcn8s-lite0-slim", two, "", "", "", (320, 320))
    save_file(load_file(path), path, metadata={"model_card": card.to_json()})

    with pytest.raises(ModelError, match="of another shape"):
        load_weights(path)


def test_missing_backbone_weights_are_named(tmp_path: Path) -> None:
    """Start weights are never fetched, so a wrong path must be told."""
    with pytest.raises(ModelError, match=r"absent.*no such backbone weights"):
        read_backbone_weights(tmp_path / "absent.safetensors")


def test_the_default_weights_are_in_the_package() -> None:
    """They load by name, know CamVid, and are small enough to ship."""
    loaded, card = load_weights(DEFAULT_WEIGHTS)

    assert embedded_models()[DEFAULT_WEIGHTS].stat().st_size < 12e6
    assert card.classes == CAMVID
    assert card.scores["val mean IoU"] > 0.7
    assert "CC BY-NC" in card.licence
    assert loaded.num_classes == len(CAMVID)


def test_the_reference_weights_are_in_the_repository() -> None:
    """Outside the package, of the size that was promised, with all they must say."""
    path = Path(__file__).parents[2] / "weights" / "fcn8s-vgg16.fp16.safetensors"

    loaded, card = load_weights(path)

    assert path.stat().st_size < 70e6
    assert card.model == "fcn8s-vgg16-slim"
    assert card.classes == CAMVID
    assert card.scores["val mean IoU"] > 0.7
    assert "CC BY-NC" in card.licence
    assert all(tensor.isfinite().all() for tensor in loaded.state_dict().values())
