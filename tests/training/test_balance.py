from __future__ import annotations

import numpy as np
import pytest

from maskstream.training.balance import median_frequency_weights


def test_weights_are_the_median_frequency_over_each() -> None:
    """A class's frequency counts only the pictures that hold it; void is none."""
    first = np.array([[0, 0, 0, 0, 0, 0, 1, 1, 255, 255]], np.uint8)
    second = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 2, 2]], np.uint8)
    # frequencies: 14 of 20, 2 of 10, 2 of 10; their median is 0.2

    weights = median_frequency_weights([first, second], 3)

    assert weights.tolist() == pytest.approx([0.2 / 0.7, 1, 1])


def test_a_class_that_never_occurs_weighs_one() -> None:
    """It takes no part in the median either."""
    weights = median_frequency_weights([np.array([[0, 0, 2, 255]], np.uint8)], 4)

    assert weights.tolist() == pytest.approx([0.75, 1, 1.5, 1])
