from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from maskstream.models.build import build_model
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ConfigError, ModelError
from maskstream.training.run_folder import RunFolder
from maskstream.training.train import train
from tests.training.runs import tiny_run


@pytest.mark.slow
def test_a_run_leaves_a_folder_with_everything(labelled_dir: Path) -> None:
    """Weights with a card, the settings, the environment, the log and a report."""
    config = tiny_run(
        labelled_dir, data_name="made pictures", licence="none needed", validate_every=2
    )

    run = train(config)

    model, card = load_weights(run.best)
    assert model.num_classes == 11
    assert card.data.startswith("made pictures, 3 pictures of train")
    assert card.licence == "none needed"
    assert 0 <= card.scores["val mean IoU"] <= 1
    assert "steps=4" in card.training_command
    assert str(labelled_dir) not in card.training_command
    assert run.last.is_file()
    assert run.read_config() == config
    assert json.loads(run.environment.read_text())["versions"]["torch"]
    assert [line.step for line in run.rounds()] == [2, 4]
    assert any(run.tensorboard.iterdir())
    assert (run.report / "report.html").is_file()


@pytest.mark.slow
def test_steps_are_told_while_they_are_taken(labelled_dir: Path) -> None:
    """Every tenth, those that end a round, and the last."""
    told = []

    train(
        tiny_run(labelled_dir, steps=11, validate_every=4),
        on_step=lambda step, count, loss: told.append((step, count, loss > 0)),
    )

    assert told == [(step, 11, True) for step in (4, 8, 10, 11)]


@pytest.mark.slow
def test_start_weights_are_used(labelled_dir: Path) -> None:
    """ImageNet weights are in the network before its first step."""
    start = labelled_dir.parent / "start.safetensors"
    trunk = build_model("fcn8s-lite0-slim", 11).backbone.state_dict()
    weights = {name.removeprefix("trunk."): t.clone() for name, t in trunk.items()}
    save_file(weights, start)

    run = train(
        tiny_run(
            labelled_dir,
            steps=1,
            optimizer={"learning_rate": 1e-9},
            backbone_weights=start,
        )
    )

    model, card = load_weights(run.best)
    name = "trunk.conv_stem.weight"
    assert torch.allclose(model.backbone.state_dict()[name], trunk[name], atol=1e-3)
    assert "started from start.safetensors" in card.data


def test_a_backbone_of_another_kind_is_refused_before_training(
    labelled_dir: Path,
) -> None:
    """Nothing is written when the start weights do not fit."""
    start = labelled_dir.parent / "vgg.safetensors"
    save_file({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, start)
    config = tiny_run(labelled_dir, backbone_weights=start)

    with pytest.raises(ModelError, match="do not fit timm:tf_efficientnet_lite0"):
        train(config)

    assert not config.out.exists()


def test_missing_pictures_are_told_before_training(labelled_dir: Path) -> None:
    """The message names the split."""
    with pytest.raises(ConfigError, match="trian"):
        train(tiny_run(labelled_dir, train_split="trian"))


def test_a_run_never_writes_over_another(labelled_dir: Path) -> None:
    """The message says how to go on and how to begin anew."""
    config = tiny_run(labelled_dir)
    RunFolder.create(config)

    with pytest.raises(ConfigError, match=r"a run is there already; --resume .* out="):
        RunFolder.create(config)


def test_a_run_keeps_out_of_folders_with_other_files(labelled_dir: Path) -> None:
    """What a user keeps there is not mixed with weights."""
    with pytest.raises(ConfigError, match="must be new or empty"):
        RunFolder.create(tiny_run(labelled_dir, out=labelled_dir))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_the_run(labelled_dir: Path) -> None:
    """Hours of nan are of use to nobody."""
    config = tiny_run(
        labelled_dir, optimizer={"kind": "sgd", "learning_rate": 1e30}, steps=40
    )

    with pytest.raises(
        ModelError, match=r"the loss is (nan|inf) by .* begin anew with"
    ):
        train(config)
