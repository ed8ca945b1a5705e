"""Weigh classes so that thin and rare ones are learnt too."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from maskstream.training.dataset import Labels


def balance_classes(truth: list[Labels], num_classes: int) -> Tensor:
    """Weigh each class by the square root of median-frequency balancing.

    Eigen and Fergus 2015 (arXiv 1411.4734), section 6.3.2: the median frequency over
    the class's own, which counts only the pictures that hold the class. The root,
    because the full weights paint poles and signs too fat.

    Returns:
        (K,) weights; 1 for a class that never occurs.
    """
    counts = np.stack(
        [np.bincount(labels.ravel(), minlength=256)[:num_classes] for labels in truth]
    )  # (pictures, K)
    sizes = np.array([labels.size for labels in truth])  # (pictures,)
    sizes_with_class = (sizes[:, None] * (counts > 0)).sum(0)  # (K,)
    frequency = counts.sum(0) / np.maximum(1, sizes_with_class)  # (K,)
    present = frequency > 0
    weights = np.ones(num_classes)
    if present.any():
        median = np.median(frequency[present])
        weights[present] = np.sqrt(median / frequency[present])
    return torch.from_numpy(weights).float()
