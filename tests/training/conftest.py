from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small only wait for each other on two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def labelled_dir(tmp_path: Path) -> Path:
    """Four pictures of 64x48 in two splits: dark road below bright sky, and void."""
    root = tmp_path / "made"
    rng = np.random.default_rng(0)
    for index in range(4):
        labels = np.zeros((48, 64), np.uint8)
        labels[20 + index :] = 3
        labels[:, :4] = 255
        picture = np.where(labels[..., None] == 3, 60, 200) + rng.integers(
            -9, 9, (48, 64, 3)
        )
        for kind, pixels in (("images", picture), ("labels", labels)):
            folder = root / kind / ("val" if index == 3 else "train")
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{index}.png"), pixels.astype(np.uint8))
    return root
