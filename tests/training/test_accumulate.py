from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from maskstream.training.augment import IGNORE
from maskstream.training.batches import Batch
from maskstream.training.distributed import Processes
from maskstream.training.learner import Learner
from tests.models.networks import NUM_CLASSES, tiny_fcn
from tests.training.joint_training import drop_batch_parts
from tests.training.runs import tiny_run


def half_void() -> Batch:
    """Make four pictures, of which the first two are void but for a corner."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (4, 3, 32, 32), generator=generator)
    labels = torch.randint(0, NUM_CLASSES, (4, 32, 32), generator=generator)
    labels[:2, 8:] = IGNORE
    return pictures.to(torch.uint8), labels


def after_a_step(
    batches: list[Batch], data: Path, loss: dict[str, object], rate: float
) -> tuple[float, Tensor]:
    """Take a step of plain SGD, and return its loss and all weights."""
    torch.manual_seed(0)
    model = tiny_fcn("fcn8s-tiny-slim")
    drop_batch_parts(model)
    sgd = {"kind": "sgd", "learning_rate": rate, "momentum": 0, "weight_decay": 0}
    learner = Learner(
        model,
        tiny_run(data, average=None, optimizer=sgd, loss=loss),
        Processes(),
        num_steps=1,
        num_warmup=0,
        class_weights=torch.arange(1.0, NUM_CLASSES + 1),
    )
    told = learner.learn(0, batches).item()
    return told, torch.cat([w.detach().flatten() for w in model.parameters()])


@pytest.mark.parametrize(("reduction", "rate"), [("sum", 1e-4), ("mean", 0.1)])
def test_batches_of_a_step_teach_as_one(
    tmp_path: Path, reduction: str, rate: float
) -> None:
    """Each pixel counts alike, however few are known in its batch."""
    pictures, labels = half_void()
    pairs = [(pictures[:2], labels[:2]), (pictures[2:], labels[2:])]
    loss: dict[str, object] = {"reduction": reduction, "dice": 0}

    told, weights = after_a_step([(pictures, labels)], tmp_path, loss, rate)
    told_of_pairs, same = after_a_step(pairs, tmp_path, loss, rate)

    _, before = after_a_step(pairs, tmp_path, loss, 1e-30)
    assert told_of_pairs == pytest.approx(told, rel=1e-5)
    moved = (weights - before).abs().max().item()
    assert moved > 1e-3
    assert (weights - same).abs().max().item() < 1e-3 * moved


def test_dice_is_the_mean_of_the_batches(tmp_path: Path) -> None:
    """It is no sum over pixels, so each batch overlaps by itself."""
    pictures, labels = half_void()
    batch = (pictures[2:], labels[2:])

    told, weights = after_a_step([batch], tmp_path, {"dice": 1}, 0.1)
    told_of_both, same = after_a_step([batch, batch], tmp_path, {"dice": 1}, 0.1)

    assert told_of_both == pytest.approx(told, rel=1e-5)
    assert torch.allclose(weights, same, atol=1e-6)
