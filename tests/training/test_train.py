from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from maskstream.models.build import build_model
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ConfigError, ModelError
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.learner import Learner
from maskstream.training.train import train


def tiny(labelled_dir: Path, **settings: object) -> TrainConfig:
    """A run on pictures of 64x48 that takes a second."""
    defaults: dict[str, object] = {
        "data_dir": labelled_dir,
        "output_dir": labelled_dir.parent / "run",
        "epochs": 2,
        "batch_size": 2,
        "crop": 32,
        "warmup_epochs": 0,
    }
    return TrainConfig.model_validate(defaults | settings)


@pytest.mark.slow
def test_a_run_leaves_weights_that_load(labelled_dir: Path) -> None:
    """The best and the last weights are there, with a card, and a log of each epoch."""
    config = tiny(labelled_dir, data_name="made pictures", licence="none needed")

    best = train(config)

    model, card = load_weights(best)
    assert model.num_classes == 11
    assert card.data.startswith("made pictures, 3 pictures of train")
    assert card.licence == "none needed"
    assert 0 <= card.scores["val mean IoU"] <= 1
    assert "--epochs 2" in card.training_command
    assert str(labelled_dir) not in card.training_command
    assert (config.output_dir / "last.safetensors").is_file()
    with (config.output_dir / "log.csv").open() as log:
        assert [row["epoch"] for row in csv.DictReader(log)] == ["1", "2"]


@pytest.mark.slow
def test_learning_lowers_the_loss(labelled_dir: Path) -> None:
    """A few steps on the same pictures are enough to see it."""
    torch.manual_seed(0)
    config = tiny(labelled_dir, epochs=4)
    folder = LabelledFolder.open(labelled_dir, "train")
    samples = [folder[index] for index in range(len(folder))]
    learner = Learner(config, build_model(config.model, 11), samples)

    losses = [learner.run_epoch() for _ in range(4)]

    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_start_weights_are_used(labelled_dir: Path) -> None:
    """ImageNet weights are in the network before its first step."""
    start = labelled_dir.parent / "start.safetensors"
    trunk = build_model("fcn8s-lite0-slim", 11).backbone.state_dict()
    weights = {name.removeprefix("trunk."): t.clone() for name, t in trunk.items()}
    save_file(weights, start)

    best = train(
        tiny(labelled_dir, epochs=1, learning_rate=1e-9, backbone_weights=start)
    )

    model, card = load_weights(best)
    name = "trunk.conv_stem.weight"
    assert torch.allclose(model.backbone.state_dict()[name], trunk[name], atol=1e-3)
    assert "started from start.safetensors" in card.data


def test_a_backbone_of_another_kind_is_refused_before_training(
    labelled_dir: Path,
) -> None:
    """Nothing is written when the start weights do not fit."""
    start = labelled_dir.parent / "vgg.safetensors"
    save_file({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, start)
    config = tiny(labelled_dir, backbone_weights=start)

    with pytest.raises(ModelError, match="do not fit timm:tf_efficientnet_lite0"):
        train(config)

    assert not config.output_dir.exists()


def test_missing_pictures_are_told_before_training(labelled_dir: Path) -> None:
    """The message names the folder."""
    with pytest.raises(ConfigError, match="images/trian: no such folder"):
        train(tiny(labelled_dir, train_split="trian"))


def test_an_unknown_setting_is_refused(labelled_dir: Path) -> None:
    """A typo never trains for an hour with a default."""
    with pytest.raises(ValidationError, match="epoch"):
        tiny(labelled_dir, epoch=3)


def test_every_default_has_its_reason() -> None:
    """A setting without a description is one that nobody can judge."""
    assert all(field.description for field in TrainConfig.model_fields.values())
