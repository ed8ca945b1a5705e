"""Score a network on labelled pictures while it learns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.training.batches import Samples
from maskstream.training.dataset import Labels, Picture
from maskstream.training.distributed import Processes, sum_over_processes
from maskstream.training.metrics import count_pixels

__all__ = ["count_by_picture", "label_picture"]


@torch.inference_mode()
def label_picture(model: FCN, picture: Picture, device: torch.device) -> Labels:
    """Label an (H, W, 3) RGB picture at its own size, (H, W)."""
    pixels = torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float()
    size_hw = (picture.shape[0], picture.shape[1])
    full = upsample_scores(model(pixels), model.score_grid, size_hw)  # (1, K, H, W)
    labels: Labels = full.argmax(1)[0].to(torch.uint8).cpu().numpy()
    return labels


def count_by_picture(
    model: FCN, samples: Samples, processes: Processes
) -> npt.NDArray[np.int64]:
    """Count the pixels of each picture by true and predicted class.

    The processes share the pictures out, and each learns of all counts.

    Returns:
        (P, K, K) counts, true class by row.
    """
    model.eval()
    num_classes = model.num_classes
    counts = np.zeros((len(samples), num_classes, num_classes), np.int64)
    for index in range(processes.rank, len(samples), processes.count):
        picture, truth = samples[index]
        labels = label_picture(model, picture, processes.device)
        counts[index] = count_pixels(labels, truth, num_classes)
    joint = sum_over_processes(torch.from_numpy(counts).to(processes.device))
    return np.asarray(joint.cpu().numpy())
