"""Checkpoints: whole or absent, however a run ends."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from maskstream.models.importing.files import TORCH_DAMAGE
from maskstream.models.replacing import replacing
from maskstream.pipeline.errors import ModelError

__all__ = ["Progress", "load_checkpoint", "save_checkpoint"]


@dataclass(slots=True)
class Progress:
    """How far a run has come, beside its weights."""

    step: int = 0  # steps taken
    best_iou: float = -1.0  # below any score
    loss_sum: float = 0.0  # over the steps since the last validation
    num_losses: int = 0


def save_checkpoint(path: Path, learner: dict[str, Any], progress: Progress) -> None:
    """Write a checkpoint; a kill at any moment leaves it or the one before.

    Raises:
        SinkError: it cannot be written; the one before is kept.
    """
    with replacing(path) as part, part.open("wb") as file:
        try:
            torch.save({"learner": learner, "progress": asdict(progress)}, file)
        except RuntimeError as error:
            # The zip that torch cannot finish hides why: the disk is full.
            raise error.__context__ or error from None
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(
    path: Path, device: torch.device
) -> tuple[dict[str, Any], Progress]:
    """Read what `save_checkpoint` wrote.

    Raises:
        ModelError: the file is no checkpoint.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        return state["learner"], Progress(**state["progress"])
    except (UnpicklingError, *TORCH_DAMAGE) as error:
        raise ModelError(
            f"{path}: this is not a checkpoint, or it is damaged; without it the run "
            "begins anew"
        ) from error
