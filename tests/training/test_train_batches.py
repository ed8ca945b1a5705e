from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from maskstream.pipeline.errors import ConfigError
from maskstream.training.augment import IGNORE
from maskstream.training.batches import Batch, Steps
from maskstream.training.dataset import LabelledFolder, Labels, Picture
from maskstream.training.distributed import Processes
from tests.training.runs import tiny_run


class Numbered:
    """Six pictures of one pixel that hold their own index."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[Picture, Labels]:
        return np.full((1, 1, 3), index, np.uint8), np.full((1, 1), index, np.uint8)


def steps(processes: Processes, **settings: object) -> Steps:
    """Set up steps over numbered pictures as they are."""
    config = tiny_run(Path("data"), augment=None, **settings)
    return Steps(Numbered(), config, processes, num_classes=5)


def indices(step: list[Batch]) -> list[int]:
    """Find which pictures a step shows."""
    return [int(index) for pictures, _ in step for index in pictures[:, 0, 0, 0]]


def test_every_epoch_shows_every_picture_once() -> None:
    """In another order each time, though batches do not divide the set."""
    drawn = steps(Processes(), batch_size=4, steps=3).iterate(0)

    shown = [index for step in drawn for index in indices(step)]

    assert sorted(shown[:6]) == sorted(shown[6:]) == list(range(6))
    assert shown[:6] != shown[6:]


def test_steps_can_be_drawn_from_any_on(labelled_dir: Path) -> None:
    """Step 3 shows the same crops whether the run began at 0 or goes on there."""
    folder = LabelledFolder.open(labelled_dir, "train")
    drawn = Steps(folder, tiny_run(labelled_dir, accumulate=2), Processes(), 11)

    *_, whole = drawn.iterate(0)
    (resumed,) = drawn.iterate(3)

    assert len(whole) == 2
    for (pictures, labels), (same_pictures, same_labels) in zip(
        whole, resumed, strict=True
    ):
        assert torch.equal(pictures, same_pictures)
        assert torch.equal(labels, same_labels)


def test_processes_share_out_what_one_would_see() -> None:
    """Two with batches of 2 see the batch of 4 of one, and so do two batches of 2."""
    (alone,) = steps(Processes(), batch_size=4, steps=1).iterate(0)
    (first,) = steps(Processes(0, 2), batch_size=2, steps=1).iterate(0)
    (second,) = steps(Processes(1, 2), batch_size=2, steps=1).iterate(0)
    (parts,) = steps(Processes(), batch_size=2, accumulate=2, steps=1).iterate(0)

    assert indices(first) + indices(second) == indices(alone) == indices(parts)


def test_unknown_ids_teach_nothing() -> None:
    """Ids beyond the class table become IGNORE before crops are drawn."""
    (step,) = steps(Processes(), batch_size=6, steps=1).iterate(0)

    ((_, labels),) = step
    assert sorted(labels.flatten().tolist()) == [0, 1, 2, 3, 4, IGNORE]


def test_whole_pictures_of_two_sizes_form_no_batch() -> None:
    """The message says what to do."""

    class TwoSizes(Numbered):
        def __getitem__(self, index: int) -> tuple[Picture, Labels]:
            side = 1 + index % 2
            return np.zeros((side, 1, 3), np.uint8), np.zeros((side, 1), np.uint8)

    config = tiny_run(Path("data"), augment=None, batch_size=6)

    with pytest.raises(ConfigError, match="1x1 and 1x2 cannot form a batch"):
        next(Steps(TwoSizes(), config, Processes(), 5).iterate(0))
