from __future__ import annotations

import math

import pytest
import torch

from maskstream.training.metrics import Box, BoxAgreement

NAMES = ("car", "sign")


def test_the_same_boxes_are_perfect() -> None:
    """In every score; a class without things has none."""
    boxes = BoxAgreement(NAMES)
    boxes.add([Box("car", 10, 20, 30, 40)], [Box("car", 10, 20, 30, 40)])

    scores = boxes.scores()

    assert (scores.num_true, scores.num_found) == (1, 1)
    assert [scores.ap_50, scores.ap, scores.mean_iou] == pytest.approx([1, 1, 1])
    assert math.isnan(scores.per_class_ap_50["sign"])


def test_a_box_that_covers_well_counts_at_the_thresholds_it_reaches() -> None:
    """An IoU of .8 passes seven of the ten thresholds from .50 to .95."""
    boxes = BoxAgreement(NAMES)
    boxes.add([Box("car", 0, 0, 10, 8)], [Box("car", 0, 0, 10, 10)])

    scores = boxes.scores()

    assert scores.mean_iou == pytest.approx(0.8)
    assert scores.ap_50 == pytest.approx(1)
    assert scores.ap == pytest.approx(0.7)


def test_another_class_or_picture_does_not_match() -> None:
    """A box is found where it is, and as what it is."""
    box = Box("car", 0, 0, 10, 10)
    boxes = BoxAgreement(NAMES)
    boxes.add([box._replace(class_name="sign")], [box])
    boxes.add([box], [])

    scores = boxes.scores()

    assert scores.ap_50 == 0
    assert scores.mean_iou == 0


def test_nothing_to_find_is_no_score() -> None:
    """Nor is it a failure."""
    boxes = BoxAgreement(NAMES)
    boxes.add([], [])

    scores = boxes.scores()

    assert math.isnan(scores.ap)
    assert math.isnan(scores.mean_iou)


@pytest.mark.slow
def test_average_precision_equals_that_of_torchmetrics() -> None:
    """On boxes that are moved, missing and made up, over several pictures."""
    from torchmetrics.detection import MeanAveragePrecision

    generator = torch.Generator().manual_seed(0)

    def draw(count: int) -> torch.Tensor:
        return torch.randint(5, 60, (count, 4), generator=generator)  # x, y, w, h

    boxes = BoxAgreement(NAMES)
    theirs = MeanAveragePrecision(box_format="xywh", iou_type="bbox")
    for _ in range(6):
        true = draw(5)
        moved = true[:4] + torch.randint(-3, 4, (4, 4), generator=generator)
        found = torch.cat([moved, draw(2)])
        kinds = torch.tensor([0, 1, 0, 1, 0, 1])
        ours = [
            [
                Box(NAMES[kind], *box)
                for kind, box in zip(kinds.tolist(), some.tolist(), strict=False)
            ]
            for some in (found, true)
        ]
        boxes.add(ours[0], ours[1])
        theirs.update(
            [
                {
                    "boxes": found.float(),
                    "scores": found[:, 2:].prod(1).float(),
                    "labels": kinds,
                }
            ],
            [{"boxes": true.float(), "labels": kinds[:5]}],
        )
    expected = theirs.compute()

    scores = boxes.scores()

    assert 0.1 < scores.ap_50 < 0.9
    assert scores.ap == pytest.approx(expected["map"].item())
    assert scores.ap_50 == pytest.approx(expected["map_50"].item())
