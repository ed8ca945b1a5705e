from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from maskstream.models.averaging import average_weights
from maskstream.models.build import build_model
from maskstream.models.classes import ClassTable
from maskstream.models.weights import ModelCard, load_weights, save_weights
from maskstream.pipeline.errors import ConfigError, ModelError

CARD = ModelCard(
    model="fcn32s-vgg11-slim",
    classes=ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180))),
    data="our street",
    licence="CC0",
    training_command="maskstream train data=street",
    training_size_hw=(64, 96),
    scores={"val mean IoU": 0.5},
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Write a network whose every weight is 1 and another whose every weight is 3."""
    folder = tmp_path_factory.mktemp("weights")
    network = build_model(CARD.model, 2)
    paths = []
    for level, data in ((1.0, "our street"), (3.0, "their street")):
        with torch.no_grad():
            for tensor in network.state_dict().values():
                tensor.fill_(level)
        path = folder / f"{level:g}.safetensors"
        save_weights(path, network, replace(CARD, data=data))
        paths.append(str(path))
    return paths[0], paths[1]


def levels(network: torch.nn.Module) -> set[float]:
    """Return every value that is a weight of the network."""
    tensors = filter(torch.is_floating_point, network.state_dict().values())
    return {value for tensor in tensors for value in tensor.unique().tolist()}


def test_weights_are_averaged(files: tuple[str, str]) -> None:
    """All the same, or by their shares."""
    assert levels(average_weights(files)[0]) == {2.0}
    assert levels(average_weights(files, [3, 1])[0]) == {1.5}


def test_the_card_tells_of_both_and_keeps_no_scores(
    files: tuple[str, str], tmp_path: Path
) -> None:
    """Nobody has measured the mean yet; what it learnt from is all of it."""
    path = tmp_path / "mean.safetensors"

    save_weights(path, *average_weights(files))

    _, card = load_weights(path)
    assert card.data == "our street; their street"
    assert card.licence == "CC0"
    assert card.scores == {}
    assert card.training_command.startswith(
        "maskstream weights average, of (maskstream"
    )


def test_networks_of_other_classes_are_not_averaged(
    files: tuple[str, str], tmp_path: Path
) -> None:
    """The message names both."""
    other = tmp_path / "other.safetensors"
    classes = ClassTable(names=("a", "b"), colours=((0, 0, 0), (9, 9, 9)))
    save_weights(other, build_model(CARD.model, 2), replace(CARD, classes=classes))

    with pytest.raises(ModelError, match="are not one network with the same classes"):
        average_weights([files[0], str(other)])


@pytest.mark.parametrize("shares", [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_shares_must_fit(files: tuple[str, str], shares: list[float]) -> None:
    """One a file, and something to average."""
    with pytest.raises(ConfigError, match="a share above 0 for each file"):
        average_weights(files, shares)


def test_one_file_has_no_average(files: tuple[str, str]) -> None:
    """What was forgotten is said."""
    with pytest.raises(ConfigError, match="two files or more, got 1"):
        average_weights(files[:1])
