from __future__ import annotations

from pathlib import Path

import pytest
import torch

from maskstream.models.architecture import Architecture
from maskstream.models.fcn import FCN
from maskstream.models.geometry import ScoreGrid
from maskstream.pipeline.errors import ModelError
from maskstream.training.distributed import Processes
from maskstream.training.learner import Learner
from tests.models.networks import TinyBackbone, tiny_fcn
from tests.training.runs import tiny_run

NUM_CLASSES = 5


class TinyDilated(TinyBackbone):
    """All features at stride 8, as in a dilated ResNet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv4 = torch.nn.Conv2d(4, 6, 3, padding=1)
        self.conv5 = torch.nn.Conv2d(6, 8, 3, padding=1)

    @property
    def grids(self) -> tuple[ScoreGrid, ScoreGrid, ScoreGrid]:
        """Place of the features."""
        return ScoreGrid.tiling(8), ScoreGrid.tiling(8), ScoreGrid.tiling(8)


def two_headed() -> FCN:
    """Build a tiny network with an auxiliary head, the same each time."""
    torch.manual_seed(0)
    name = "fcn8s-tiny-torchvision,auxiliary=yes"
    return FCN(TinyDilated(), Architecture.parse(name), NUM_CLASSES)


def learn_once(model: FCN, run: Path, weight: float) -> float:
    """Take one step, and return its loss."""
    learner = Learner(
        model,
        tiny_run(run, average=None, loss={"auxiliary": weight}),
        Processes(),
        num_steps=1,
        num_warmup=0,
        class_weights=torch.ones(NUM_CLASSES),
    )
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, 3, 32, 32), generator=generator)
    labels = torch.randint(0, NUM_CLASSES, (2, 32, 32), generator=generator)
    loss = learner.learn(0, [(pictures.to(torch.uint8), labels)])
    return loss.item()


def test_the_auxiliary_head_learns_too(tmp_path: Path) -> None:
    """All its weights move in the first step."""
    model = two_headed()

    learn_once(model, tmp_path, 0.5)

    before = two_headed().state_dict()
    names = [name for name, _ in model.named_parameters() if "auxiliary" in name]
    assert names
    after = model.state_dict()
    assert not any(torch.equal(before[name], after[name]) for name in names)


def test_the_auxiliary_loss_counts_by_its_weight(tmp_path: Path) -> None:
    """On top of that of the scores that are used."""
    half, once, twice = (
        learn_once(two_headed(), tmp_path, weight) for weight in (0.5, 1, 2)
    )

    assert once > half
    assert twice - once == pytest.approx(2 * (once - half), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("fcn8s-tiny-slim", {"optimizer": {"kind": "sgd"}}),
        ("fcn16s-tiny-slim", {}),
        ("fcn8s-tiny-slim", {"average": None}),
        ("fcn8s-tiny-slim", {"optimizer": {"backbone_factor": 0.1}}),
    ],
)
def test_a_learner_does_not_become_another(
    tmp_path: Path, name: str, settings: dict[str, object]
) -> None:
    """What a state is of is looked at before anything is taken from it."""

    def learner(name: str, **settings: object) -> Learner:
        return Learner(
            tiny_fcn(name),
            tiny_run(tmp_path, **settings),
            Processes(),
            num_steps=1,
            num_warmup=0,
            class_weights=torch.ones(NUM_CLASSES),
        )

    state = learner("fcn8s-tiny-slim").state()

    with pytest.raises(ModelError, match="another network, optimizer or average"):
        learner(name, **settings).restore(state)


def test_batch_norm_of_a_single_value_is_one_sentence(tmp_path: Path) -> None:
    """One picture, so small that its deepest features are one place."""
    learner = Learner(
        tiny_fcn("fcn8s-tiny-slim"),
        tiny_run(tmp_path),
        Processes(),
        num_steps=1,
        num_warmup=0,
        class_weights=torch.ones(NUM_CLASSES),
    )
    pictures = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    labels = torch.zeros(1, 32, 32, dtype=torch.int64)

    with pytest.raises(ModelError, match="cannot learn from 1 picture of 32x32"):
        learner.learn(0, [(pictures, labels)])
