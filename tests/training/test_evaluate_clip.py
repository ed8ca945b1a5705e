from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.training.clip_truth import (
    read_frames,
    read_masks_in_order,
    with_masks,
    without_masks,
)
from maskstream.training.datasets import VOID, Labels
from tests.clips import make_clip
from tests.training.labelled import picture, rows_of, save


def mask(class_id: int) -> Labels:
    """Make a mask of 6x8 of one class."""
    return np.full((6, 8), class_id, np.uint8)


def test_frames_come_with_their_times(tmp_path: Path) -> None:
    """As RGB, in seconds."""
    clip = make_clip(tmp_path / "in.mp4", frames=3, size_hw=(48, 64), pts=[0, 5, 9])

    frames = list(read_frames(clip))

    assert [pixels.shape for _, pixels in frames] == [(48, 64, 3)] * 3
    times = [seconds for seconds, _ in frames]
    assert times[2] - times[0] == pytest.approx((times[1] - times[0]) * 9 / 5)


def test_a_file_that_is_no_clip_is_named(tmp_path: Path) -> None:
    """Missing or damaged."""
    with pytest.raises(SourceError, match=r"none\.mp4: no video"):
        list(read_frames(tmp_path / "none.mp4"))


def test_each_frame_gets_the_mask_on_screen() -> None:
    """Masks may be fewer than frames, and their times rounded."""
    frames = [(seconds, picture()) for seconds in (0.0, 0.1, 0.2, 0.3)]
    masks = [(0.0, mask(1)), (0.2004, mask(2)), (9.0, mask(3))]

    labels = [truth[0, 0] for _, truth in with_masks(frames, masks)]

    assert labels == [1, 1, 2, 2]


def test_a_frame_before_all_masks_is_refused() -> None:
    """Its truth is not known, and nothing says so."""
    with pytest.raises(ConfigError, match=r"no mask for the frame at 0\.000 s"):
        list(with_masks([(0.0, picture())], [(1.0, mask(1))]))


def test_a_mask_of_another_size_is_refused() -> None:
    """Both sizes are told."""
    with pytest.raises(ConfigError, match="is 8x6, its frame is 16x12"):
        list(with_masks([(0.0, picture(12, 16))], [(0.0, mask(1))]))


def test_masks_as_images_are_taken_in_order(tmp_path: Path) -> None:
    """One for each frame; the id after the last class is void."""
    save(tmp_path / "a.png", rows_of(0, 4))
    save(tmp_path / "b.png", rows_of(3, 255))

    masks = list(read_masks_in_order(tmp_path, 4, [0.0, 0.5]))

    assert [seconds for seconds, _ in masks] == [0.0, 0.5]
    assert [labels[:, 0].tolist() for _, labels in masks] == [[0, VOID], [3, VOID]]


def test_images_must_be_as_many_as_frames(tmp_path: Path) -> None:
    """Otherwise nobody knows which belongs to which."""
    save(tmp_path / "a.png", rows_of(0))

    with pytest.raises(ConfigError, match="1 masks for 2 frames"):
        list(read_masks_in_order(tmp_path, 4, [0.0, 0.5]))


def test_without_masks_all_is_void() -> None:
    """Flicker and agreement can still be measured."""
    ((_, labels),) = without_masks([(0.0, picture())])

    assert set(np.unique(labels)) == {VOID}
