"""Train a network on a folder of labelled pictures."""

from __future__ import annotations

import logging

import cv2
import torch
from torch import Tensor

from maskstream.models.build import build_model
from maskstream.pipeline.errors import ModelError
from maskstream.training.balance import median_frequency_weights
from maskstream.training.batches import Samples, Steps
from maskstream.training.checkpoint import Progress, load_checkpoint
from maskstream.training.clips import WithFrames, check_clip, keep_frames
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distill import Teacher
from maskstream.training.distributed import Processes, join_processes
from maskstream.training.learner import Learner
from maskstream.training.optimizer import freeze
from maskstream.training.run import OnStep, Run
from maskstream.training.run_folder import RunFolder
from maskstream.training.start import prepare_start

__all__ = ["OnStep", "train"]

_logger = logging.getLogger(__name__)


def train(
    config: TrainConfig, *, resume: bool = False, on_step: OnStep | None = None
) -> RunFolder:
    """Train, and keep the weights that score best on the validation split.

    Where torchrun started several processes they train together. A run that was
    stopped goes on from its checkpoint, to the same result. In the main thread the
    first SIGINT or SIGTERM stops it after the step in hand, with a checkpoint.

    Args:
        config: everything that decides the run.
        resume: go on with the run in ``config.out``, which must be its own config.
        on_step: called now and then, in the first process.

    Raises:
        KeyboardInterrupt: the run was stopped.
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
        run = _begin(config, processes, resume=resume)
        run.go(on_step if on_step is not None and processes.is_first else _ignore)
    if processes.is_first:
        _report(run.folder, processes)
    return run.folder


def _begin(config: TrainConfig, processes: Processes, *, resume: bool) -> Run:
    """Find all that a run needs, and only then make its folder."""
    labelled, validation = (
        LabelledFolder.open(
            config.data, split, layout=config.layout, classes=config.classes
        )
        for split in (config.train_split, config.val_split)
    )
    if config.classes is not None:
        labelled.expect_classes(config.classes)
    model = build_model(config.model, len(labelled.classes))
    freeze(model, config.optimizer.frozen)
    folder = RunFolder(config.out)
    is_resumed = resume and folder.checkpoint.is_file()
    if not is_resumed:
        prepare_start(model, config, labelled.classes)
    teacher = None
    if config.teacher is not None:
        teacher = Teacher.load(config.teacher, labelled.classes, processes.device)
        for clip in config.teacher.clips:
            check_clip(clip)
    class_weights = _weigh_classes(config, labelled)

    if processes.is_first and not resume:
        RunFolder.create(config)
    samples = _add_clips(labelled, config, folder, processes)
    steps = Steps(samples, config, processes, len(labelled.classes))
    learner = Learner(
        model,
        config,
        processes,
        num_steps=steps.count,
        num_warmup=config.schedule.warmup_epochs * steps.steps_per_epoch,
        class_weights=class_weights,
        teacher=teacher,
    )
    progress = Progress()
    if is_resumed:
        state, progress = load_checkpoint(folder.checkpoint, processes.device)
        try:
            learner.restore(state)
        except ModelError as error:
            raise ModelError(
                f"{folder.checkpoint}: {error} than {folder.config} says; a run goes "
                "on as it was set up, and start=WEIGHTS begins a new one"
            ) from error
    if processes.is_first:
        folder.forget_after(progress.step)
    return Run(
        config=config,
        processes=processes,
        folder=folder,
        steps=steps,
        validation=validation,
        num_labelled=len(labelled),
        learner=learner,
        progress=progress,
    )


def _add_clips(
    labelled: LabelledFolder,
    config: TrainConfig,
    folder: RunFolder,
    processes: Processes,
) -> Samples:
    """Add frames of the teacher's clips, which the first process keeps for all."""
    teacher = config.teacher
    has_clips = teacher is not None and teacher.clips
    if teacher is not None and has_clips and processes.is_first:
        keep_frames(teacher.clips, teacher.frames_per_clip, folder.unlabelled)
    processes.wait()
    if not has_clips:
        return labelled
    return WithFrames(labelled, tuple(sorted(folder.unlabelled.iterdir())))


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
