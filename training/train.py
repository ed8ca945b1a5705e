"""Train a network on a folder of labelled pictures."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import cv2
import torch
from torch import Tensor

from maskstream.models.build import build_model
from maskstream.models.weights import save_weights
from maskstream.pipeline.errors import ModelError
from maskstream.training.balance import median_frequency_weights
from maskstream.training.batches import Samples, Steps
from maskstream.training.board import Board
from maskstream.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from maskstream.training.clips import WithFrames, keep_frames
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distill import Teacher
from maskstream.training.distributed import Processes, join_processes
from maskstream.training.learner import Learner
from maskstream.training.metrics import Scores
from maskstream.training.model_card import describe_weights
from maskstream.training.run_folder import Round, RunFolder
from maskstream.training.start import prepare_start
from maskstream.training.validate import count_by_picture

__all__ = ["OnStep", "train"]

_logger = logging.getLogger(__name__)

_READ_LOSS_EVERY = 10  # steps; reading it waits for the device

OnStep = Callable[[int, int, float], None]
"""Told the steps taken, the steps of the whole run and the mean loss of the round."""


def train(
    config: TrainConfig, *, resume: bool = False, on_step: OnStep | None = None
) -> RunFolder:
    """Train, and keep the weights that score best on the validation split.

    Where torchrun started several processes they train together. A run that was
    stopped goes on from its checkpoint, to the same result.

    Args:
        config: everything that decides the run.
        resume: go on with the run in ``config.out``, which must be its own config.
        on_step: called now and then, in the first process.

    Raises:
        ConfigError: the pictures or the folder of the run cannot be used.
        ModelError: the network is unknown, the start weights do not fit it, or it
            learns nothing but numbers that are not finite.
        SourceError: a clip cannot be read.
    """
    torch.manual_seed(config.seed)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    cv2.setNumThreads(1)  # torch has the cores
    with join_processes() as processes:
        run = _Run(config, processes, resume=resume)
        run.go(on_step if on_step is not None and processes.is_first else _ignore)
    folder = RunFolder(config.out)
    if processes.is_first:
        _report(folder, processes)
    return folder


class _Run:
    """A run: what it learns from, its network and how far it is."""

    def __init__(
        self, config: TrainConfig, processes: Processes, *, resume: bool
    ) -> None:
        self._config = config
        self._processes = processes
        labelled = _open(config, config.train_split)
        self._validation = _open(config, config.val_split)
        self._classes = labelled.classes
        model = build_model(config.model, len(self._classes))
        self._folder = RunFolder(config.out)
        is_resumed = resume and self._folder.checkpoint.is_file()
        if not is_resumed:
            prepare_start(model, config)
        teacher = None
        if config.teacher is not None:
            teacher = Teacher.load(config.teacher, self._classes, processes.device)
        class_weights = _weigh_classes(config, labelled)
        if processes.is_first and not resume:
            RunFolder.create(config)
        processes.wait()

        self._num_labelled = len(labelled)
        self._steps = Steps(
            self._add_clips(labelled), config, processes, len(self._classes)
        )
        per_epoch = self._steps.steps_per_epoch
        self._validate_every = config.validate_every or max(1, round(per_epoch))
        self._learner = Learner(
            model,
            config,
            processes,
            num_steps=self._steps.count,
            num_warmup=config.schedule.warmup_epochs * per_epoch,
            class_weights=class_weights,
            teacher=teacher,
        )
        self._progress = Progress()
        self._unread: list[Tensor] = []
        if is_resumed:
            state, self._progress = load_checkpoint(
                self._folder.checkpoint, processes.device
            )
            self._learner.restore(state)
        if processes.is_first:
            self._folder.forget_after(self._progress.step)

    def go(self, on_step: OnStep) -> None:
        """Take the steps that are left."""
        progress, num_steps = self._progress, self._steps.count
        first = progress.step
        board_folder = self._folder.tensorboard if self._processes.is_first else None
        start = time.monotonic()
        with Board(board_folder, first) as board:
            for step, batches in enumerate(self._steps.iterate(first), start=first):
                self._unread.append(self._learner.learn(step, batches))
                progress.step = step + 1
                is_round = self._ends(self._validate_every)
                is_checkpoint = is_round or self._ends(self._config.checkpoint_every)
                if is_checkpoint or progress.step % _READ_LOSS_EVERY == 0:
                    loss = self._read_losses()
                    on_step(progress.step, num_steps, loss)
                    board.show_loss(progress.step, loss, self._learner.learning_rate)
                if is_round:
                    scores = self._validate()
                    board.show_scores(progress.step, scores)
                    self._log(scores, time.monotonic() - start)
                    start = time.monotonic()
                if is_checkpoint and self._processes.is_first:
                    state = self._learner.state()
                    save_checkpoint(self._folder.checkpoint, state, progress)

    def _ends(self, every: int) -> bool:
        """The steps taken are a multiple, or all."""
        return self._progress.step in (
            self._progress.step // every * every,
            self._steps.count,
        )

    def _add_clips(self, labelled: LabelledFolder) -> Samples:
        teacher = self._config.teacher
        if teacher is None or not teacher.clips:
            return labelled
        folder = self._folder.unlabelled
        if self._processes.is_first:
            keep_frames(teacher.clips, teacher.frames_per_clip, folder)
        self._processes.wait()
        return WithFrames(labelled, tuple(sorted(folder.iterdir())))

    def _read_losses(self) -> float:
        """Add up the losses not yet read; return the mean since the last validation."""
        progress = self._progress
        for loss in self._unread:
            progress.loss_sum += loss.item()
            progress.num_losses += 1
        self._unread.clear()
        mean = progress.loss_sum / progress.num_losses
        if not math.isfinite(mean):
            raise ModelError(
                f"the loss is {mean} by step {progress.step}; a lower "
                "optimizer.learning_rate may be right, it is "
                f"{self._config.optimizer.learning_rate}"
            )
        return mean

    def _validate(self) -> Scores:
        """Score what is kept, and save it."""
        kept = self._learner.kept
        counts = count_by_picture(kept, self._validation, self._processes)
        scores = Scores.of(counts.sum(0), self._classes.names)
        if not self._processes.is_first:
            return scores
        size_hw = self._steps.size_hw
        card = describe_weights(
            self._config, self._classes, self._num_labelled, size_hw, scores
        )
        save_weights(self._folder.last, kept, card)
        if not scores.mean_iou <= self._progress.best_iou:  # nan where all is void
            self._progress.best_iou = scores.mean_iou
            save_weights(self._folder.best, kept, card)
        return scores

    def _log(self, scores: Scores, seconds: float) -> None:
        """Write a line of the log and begin a new round."""
        progress = self._progress
        line = Round(
            step=progress.step,
            epoch=progress.step / self._steps.steps_per_epoch,
            loss=progress.loss_sum / progress.num_losses,
            learning_rate=self._learner.learning_rate,
            mean_iou=scores.mean_iou,
            pixel_accuracy=scores.pixel_accuracy,
            seconds=seconds,
        )
        progress.loss_sum, progress.num_losses = 0.0, 0
        if self._processes.is_first:
            self._folder.append(line)
        _logger.info(
            "epoch %.1f: loss %.3f, mean IoU %.3f, %.0f s",
            line.epoch,
            line.loss,
            line.mean_iou,
            line.seconds,
        )


def _open(config: TrainConfig, split: str) -> LabelledFolder:
    return LabelledFolder.open(
        config.data, split, layout=config.layout, classes=config.classes
    )


def _weigh_classes(config: TrainConfig, labelled: LabelledFolder) -> Tensor:
    num_classes = len(labelled.classes)
    if config.loss.class_weights == "none":
        return torch.ones(num_classes)
    listing = labelled.listing
    truth = (listing.read_labels(path) for _, path in listing.pairs)
    weights = median_frequency_weights(truth, num_classes)
    return weights.sqrt() if config.loss.class_weights == "root-median" else weights


def _report(folder: RunFolder, processes: Processes) -> None:
    try:
        from maskstream.training.report import write_report
    except ImportError as error:
        _logger.warning(
            'no report: %s is not installed; pip install "maskstream[train]" brings '
            "it, then maskstream report %s",
            error.name,
            folder.path,
        )
        return
    write_report(folder, Processes(device=processes.device))


def _ignore(_step: int, _num_steps: int, _loss: float) -> None:
    """Tell nobody."""
