"""What TensorBoard shows of a run."""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from maskstream.training.metrics import Scores

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Board"]

_logger = logging.getLogger(__name__)


class Board:
    """Writes scalars by step; none without a folder or where tensorboard is missing."""

    def __init__(self, folder: Path | None, first_step: int) -> None:
        self._writer = None if folder is None else _open_writer(folder, first_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def show_loss(self, step: int, loss: float, learning_rate: float) -> None:
        """Add a point to the curves of training."""
        if self._writer is not None:
            self._writer.add_scalar("train/loss", loss, step)
            self._writer.add_scalar("train/learning_rate", learning_rate, step)

    def show_scores(self, step: int, scores: Scores) -> None:
        """Add a point to the curves of validation."""
        if self._writer is None:
            return
        self._writer.add_scalar("val/mean_iou", scores.mean_iou, step)
        self._writer.add_scalar("val/pixel_accuracy", scores.pixel_accuracy, step)
        for name, iou in scores.per_class_iou.items():
            self._writer.add_scalar(f"val_iou/{name}", iou, step)


def _open_writer(folder: Path, first_step: int) -> SummaryWriter | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _logger.info(
            "no curves for TensorBoard: it is not installed; "
            'pip install "maskstream[train]" brings it'
        )
        return None
    return SummaryWriter(str(folder), purge_step=first_step)
