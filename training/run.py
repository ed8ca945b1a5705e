"""A run under way: step after step, with validations and checkpoints in between."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from maskstream.models.weights import save_weights
from maskstream.pipeline.errors import ModelError
from maskstream.training.batches import Steps
from maskstream.training.board import Board
from maskstream.training.checkpoint import Progress, save_checkpoint
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distributed import Processes
from maskstream.training.interrupts import noted_signals
from maskstream.training.learner import Learner
from maskstream.training.metrics import Scores
from maskstream.training.model_card import describe_weights
from maskstream.training.run_folder import Round, RunFolder
from maskstream.training.validate import count_by_picture

__all__ = ["OnStep", "Run"]

_logger = logging.getLogger(__name__)

_READ_LOSS_EVERY = 10  # steps; reading it waits for the device

OnStep = Callable[[int, int, float], None]
"""Told the steps taken, the steps of the whole run and the mean loss of late."""


@dataclass(slots=True, eq=False)
class Run:
    """What a run learns from, its network and how far it is."""

    config: TrainConfig
    processes: Processes
    folder: RunFolder
    steps: Steps
    validation: LabelledFolder
    num_labelled: int
    learner: Learner
    progress: Progress
    _unread: list[Tensor] = field(default_factory=list)
    """Losses that are still on the device."""

    def go(self, on_step: OnStep) -> None:
        """Take the steps that are left.

        Raises:
            KeyboardInterrupt: a signal asked to stop; a checkpoint holds every step.
        """
        progress, num_steps = self.progress, self.steps.count
        first = progress.step
        validate_every = self.config.validate_every or max(
            1, round(self.steps.steps_per_epoch)
        )
        board_folder = self.folder.tensorboard if self.processes.is_first else None
        start = time.monotonic()
        with Board(board_folder, first) as board, noted_signals() as is_noted:
            for step, batches in enumerate(self.steps.iterate(first), start=first):
                self._unread.append(self.learner.learn(step, batches))
                progress.step = step + 1
                is_round = self._ends(validate_every)
                is_stop = self._agree_to_stop(is_noted())
                is_checkpoint = (
                    is_stop or is_round or self._ends(self.config.checkpoint_every)
                )
                if is_checkpoint or progress.step % _READ_LOSS_EVERY == 0:
                    loss = self._read_losses()
                    on_step(progress.step, num_steps, loss)
                    board.show_loss(progress.step, loss, self.learner.learning_rate)
                if is_round:
                    scores = self._validate()
                    board.show_scores(progress.step, scores)
                    self._log(scores, time.monotonic() - start)
                    start = time.monotonic()
                if is_checkpoint and self.processes.is_first:
                    state = self.learner.state()
                    save_checkpoint(self.folder.checkpoint, state, progress)
                if is_stop:
                    raise KeyboardInterrupt

    def _agree_to_stop(self, is_asked: bool) -> bool:
        """Stop all processes after the same step, or some would wait for the others.

        Several ask each other only now and then, since that waits for the device.
        """
        if self.processes.count > 1 and self.progress.step % _READ_LOSS_EVERY:
            return False
        return self.processes.any(is_asked)

    def _ends(self, every: int) -> bool:
        """The steps taken are a multiple, or all."""
        return self.progress.step in (
            self.progress.step // every * every,
            self.steps.count,
        )

    def _read_losses(self) -> float:
        """Add up the losses not yet read, and return their mean."""
        losses = [loss.item() for loss in self._unread]
        self._unread.clear()
        for loss in losses:  # singly: rounding must not depend on when they are read
            self.progress.loss_sum += loss
        self.progress.num_losses += len(losses)
        mean = sum(losses) / len(losses)
        if not math.isfinite(mean):
            raise ModelError(
                f"the loss is {mean} by step {self.progress.step}, and --resume would "
                f"come there again; begin anew{self._from_the_best()} with an "
                "optimizer.learning_rate lower than "
                f"{self.config.optimizer.learning_rate:g} and out=DIR elsewhere"
            )
        return mean

    def _from_the_best(self) -> str:
        best = self.folder.best
        return f" from start={best}" if best.is_file() else ""

    def _validate(self) -> Scores:
        """Score what is kept, and save it."""
        kept = self.learner.kept
        counts = count_by_picture(kept, self.validation, self.processes)
        scores = Scores.of(counts.sum(0), self.validation.classes.names)
        if not self.processes.is_first:
            return scores
        size_hw = self.steps.size_hw
        card = describe_weights(
            self.config, self.validation.classes, self.num_labelled, size_hw, scores
        )
        save_weights(self.folder.last, kept, card)
        if not scores.mean_iou <= self.progress.best_iou:  # nan where all is void
            self.progress.best_iou = scores.mean_iou
            save_weights(self.folder.best, kept, card)
        return scores

    def _log(self, scores: Scores, seconds: float) -> None:
        """Write a line of the log and begin a new round."""
        progress = self.progress
        line = Round(
            step=progress.step,
            epoch=progress.step / self.steps.steps_per_epoch,
            loss=progress.loss_sum / progress.num_losses,
            learning_rate=self.learner.learning_rate,
            mean_iou=scores.mean_iou,
            pixel_accuracy=scores.pixel_accuracy,
            seconds=seconds,
        )
        progress.loss_sum, progress.num_losses = 0.0, 0
        if not self.processes.is_first:
            return
        self.folder.append(line)
        _logger.info(
            "epoch %.1f: loss %.3f, mean IoU %.3f, %.0f s",
            line.epoch,
            line.loss,
            line.mean_iou,
            line.seconds,
        )
