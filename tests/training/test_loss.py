from __future__ import annotations

import pytest
import torch

from maskstream.training.augment import IGNORE
from maskstream.training.loss import dice_loss, segmentation_loss


def certain(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Make scores that leave no doubt about (N, H, W) labels."""
    return 50 * torch.nn.functional.one_hot(labels, num_classes).movedim(-1, 1).float()


def test_a_perfect_answer_has_no_loss() -> None:
    """Classes that are not there do not count, and ignored pixels teach nothing."""
    labels = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, IGNORE]]])
    scores = certain(torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 2]]]), 4)

    assert dice_loss(scores, labels).item() == pytest.approx(0, abs=1e-6)
    assert segmentation_loss(scores, labels, torch.ones(4)).item() < 1e-6


def test_dice_is_twice_the_overlap_over_the_sizes() -> None:
    """Worked out by hand; each class counts alike, however few its pixels."""
    labels = torch.tensor([[[0, 0, 0, 1]]])
    scores = certain(torch.tensor([[[0, 0, 1, 1]]]), 2)

    expected = 1 - (2 * 2 / (2 + 3) + 2 * 1 / (2 + 1)) / 2

    assert dice_loss(scores, labels).item() == pytest.approx(expected)


def test_void_alone_has_no_loss_to_learn_from() -> None:
    """A crop without a known pixel adds nothing, and no nan."""
    labels = torch.full((1, 4, 4), IGNORE)
    scores = torch.zeros(1, 3, 4, 4, requires_grad=True)

    loss = segmentation_loss(scores, labels, torch.ones(3))
    loss.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == 0
    assert scores.grad is not None
    assert scores.grad.eq(0).all()
