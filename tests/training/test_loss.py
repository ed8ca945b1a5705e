from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from maskstream.training.augment import IGNORE
from maskstream.training.config import LossConfig
from maskstream.training.loss import dice_loss, segmentation_loss


def certain(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Make scores that leave no doubt about (N, H, W) labels."""
    return 50 * F.one_hot(labels, num_classes).movedim(-1, 1).float()


def test_a_perfect_answer_has_no_loss() -> None:
    """Classes that are not there do not count, and ignored pixels teach nothing."""
    labels = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, IGNORE]]])
    scores = certain(torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 2]]]), 4)

    assert dice_loss(scores, labels).item() == pytest.approx(0, abs=1e-6)
    loss = segmentation_loss(scores, labels, torch.ones(4), LossConfig())
    assert loss.item() < 1e-6


def test_dice_is_twice_the_overlap_over_the_sizes() -> None:
    """Worked out by hand; each class counts alike, however few its pixels."""
    labels = torch.tensor([[[0, 0, 0, 1]]])
    scores = certain(torch.tensor([[[0, 0, 1, 1]]]), 2)

    expected = 1 - (2 * 2 / (2 + 3) + 2 * 1 / (2 + 1)) / 2

    assert dice_loss(scores, labels).item() == pytest.approx(expected)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_cross_entropy_is_that_of_torch(reduction: str) -> None:
    """Weighted by class, over the known pixels; the release's is the plain sum."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 4, 5, 6, generator=generator)
    labels = torch.randint(0, 4, (2, 5, 6), generator=generator)
    labels[0, :2] = IGNORE
    weights = torch.tensor([0.5, 1, 2, 3])

    config = LossConfig.model_validate({"reduction": reduction, "dice": 0})
    loss = segmentation_loss(scores, labels, weights, config)

    expected = F.cross_entropy(
        scores, labels, weights, ignore_index=IGNORE, reduction=reduction
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_summed_loss_has_the_gradient_of_caffe() -> None:
    """Probability less truth at each known pixel and nothing at void (SoftmaxLoss)."""
    scores = torch.randn(
        1, 3, 2, 2, generator=torch.Generator().manual_seed(0), requires_grad=True
    )
    labels = torch.tensor([[[0, 2], [1, IGNORE]]])
    config = LossConfig(reduction="sum", dice=0)

    segmentation_loss(scores, labels, torch.ones(3), config).backward()  # type: ignore[no-untyped-call]

    expected = scores.detach().softmax(1)
    for row, column, name in ((0, 0, 0), (0, 1, 2), (1, 0, 1)):
        expected[0, name, row, column] -= 1
    expected[0, :, 1, 1] = 0
    assert scores.grad is not None
    assert torch.allclose(scores.grad, expected, atol=1e-6)


def test_hard_pixels_alone_can_count() -> None:
    """Those surely right already teach nothing more."""
    labels = torch.tensor([[[0, 0, 1, IGNORE]]])
    scores = torch.tensor([[8.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 9.0]])[None, :, None]
    config = LossConfig(dice=0, hard_below=0.7, hard_min_share=0.1)

    loss = segmentation_loss(scores, labels, torch.ones(2), config)

    assert loss.item() == pytest.approx(torch.tensor(2.0).log().item())


def test_the_hardest_count_even_where_all_is_right() -> None:
    """A share of the pixels teaches in any case."""
    labels = torch.zeros(1, 1, 4, dtype=torch.int64)
    scores = torch.stack([torch.tensor([2.0, 4, 6, 8]), torch.zeros(4)])[None, :, None]
    config = LossConfig(dice=0, hard_below=0.1, hard_min_share=0.5)

    loss = segmentation_loss(scores, labels, torch.ones(2), config)

    each = F.cross_entropy(scores, labels, reduction="none").flatten()
    assert loss.item() == pytest.approx(each[:2].mean().item())


@pytest.mark.parametrize("hard_below", [None, 0.7])
def test_void_alone_has_no_loss_to_learn_from(hard_below: float | None) -> None:
    """A crop without a known pixel adds nothing, and no nan."""
    labels = torch.full((1, 4, 4), IGNORE)
    scores = torch.zeros(1, 3, 4, 4, requires_grad=True)
    config = LossConfig(hard_below=hard_below)

    loss = segmentation_loss(scores, labels, torch.ones(3), config)
    loss.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == 0
    assert scores.grad is not None
    assert scores.grad.eq(0).all()
