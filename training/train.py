"""Train a network on a folder of labelled pictures."""

from __future__ import annotations

import csv
import logging
import shlex
import time
from pathlib import Path

import cv2
import torch

from maskstream.models.build import build_model
from maskstream.models.weights import ModelCard, read_backbone_weights, save_weights
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.evaluate import Scores, evaluate, torch_predictor
from maskstream.training.learner import Learner

_logger = logging.getLogger(__name__)


def train(config: TrainConfig) -> Path:
    """Train, and keep the weights that score best on the validation split.

    Writes into the output folder ``best.safetensors`` and ``last.safetensors``, each
    with its model card, and ``log.csv`` with a line for each epoch.

    Returns:
        Path of the best weights.

    Raises:
        ConfigError: if the pictures cannot be used.
        ModelError: if the network is unknown or the start weights do not fit it.
    """
    torch.manual_seed(config.seed)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    cv2.setNumThreads(1)  # torch has the cores
    folder = LabelledFolder.open(config.data_dir, config.train_split)
    validation = LabelledFolder.open(config.data_dir, config.val_split)
    model = build_model(config.model, len(config.classes))
    if config.backbone_weights is not None:
        model.backbone.load_pretrained(read_backbone_weights(config.backbone_weights))
    samples = [folder[index] for index in range(len(folder))]
    learner = Learner(config, model, samples)

    config.output_dir.mkdir(parents=True, exist_ok=True)
    best = config.output_dir / "best.safetensors"
    best_iou = -1.0
    with (config.output_dir / "log.csv").open("w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["epoch", "loss", "mean_iou", "pixel_accuracy", "seconds"])
        for epoch in range(1, config.epochs + 1):
            start = time.monotonic()
            loss = learner.run_epoch()
            predict = torch_predictor(learner.average)
            scores = evaluate(predict, validation, config.classes)
            seconds = time.monotonic() - start
            _logger.info(
                "epoch %d of %d: loss %.3f, mean IoU %.3f, %.0f s",
                epoch,
                config.epochs,
                loss,
                scores.mean_iou,
                seconds,
            )
            log.writerow([epoch, loss, scores.mean_iou, scores.pixel_accuracy, seconds])
            file.flush()
            card = _write_card(config, len(folder), scores)
            save_weights(config.output_dir / "last.safetensors", learner.average, card)
            if not scores.mean_iou <= best_iou:  # nan, where nothing is labelled, too
                best_iou = scores.mean_iou
                save_weights(best, learner.average, card)
    return best


def _write_card(config: TrainConfig, num_pictures: int, scores: Scores) -> ModelCard:
    start = (
        config.backbone_weights.name if config.backbone_weights else "random weights"
    )
    return ModelCard(
        model=config.model,
        classes=config.classes,
        data=f"{config.data_name}, {num_pictures} pictures of {config.train_split}; "
        f"best epoch chosen on {config.val_split}; started from {start}",
        licence=config.licence,
        training_command=_command(config),
        training_size_hw=config.augmentation.crop_hw,
        scores={
            f"{config.val_split} mean IoU": round(scores.mean_iou, 4),
            f"{config.val_split} pixel accuracy": round(scores.pixel_accuracy, 4),
        },
    )


def _command(config: TrainConfig) -> str:
    """Write the command that trains so again, with placeholders for paths."""
    words = ["maskstream", "train", "--data", "DIR", "--model", config.model]
    if config.backbone_weights is not None:
        words += ["--backbone-weights", "FILE"]
    if config.classes != TrainConfig.model_fields["classes"].default:
        words += ["--classes", "JSON"]
    words += ["--output", "DIR"]
    told = {"data_dir", "model", "backbone_weights", "output_dir", "classes", "threads"}
    others = config.model_dump(mode="json", exclude=told, exclude_defaults=True)
    for name, value in others.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)
