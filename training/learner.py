"""One network learning: its steps, its learning rate and its running average."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.training.augment import IGNORE, Augmentation
from maskstream.training.balance import balance_classes
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import Labels, Picture
from maskstream.training.loss import segmentation_loss


class Learner:
    """Trains ``model``; ``average`` is what to keep of it.

    The average of the weights over the last few epochs scores better than any one of
    them, and is steadier.
    """

    def __init__(
        self, config: TrainConfig, model: FCN, samples: list[tuple[Picture, Labels]]
    ) -> None:
        self._config = config
        self._samples = samples
        self._batch_size = min(config.batch_size, len(samples))
        self._steps_per_epoch = len(samples) // self._batch_size
        self._num_steps = 0
        self._rng = np.random.default_rng(config.seed)
        self._augment = Augmentation(config.augmentation)
        self._class_weights = balance_classes(
            [labels for _, labels in samples], len(config.classes)
        )
        # Channels last took 0.73 s a step where the default took 2.13 (two cores of an
        # EPYC, 8 crops of 320); bf16 autocast on top of it took 0.84.
        self.model = model.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(model).eval()
        kernels = [p for p in model.parameters() if p.ndim > 1]
        others = [p for p in model.parameters() if p.ndim <= 1]  # biases, batch norm
        self._optimizer = torch.optim.AdamW(
            [
                {"params": kernels, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
        )

    def run_epoch(self) -> float:
        """Learn from every picture once, in random order; return the mean loss."""
        self.model.train()
        losses = [
            self._step(pictures, labels) for pictures, labels in self._draw_batches()
        ]
        return sum(losses) / len(losses)

    def _draw_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Draw (N, 3, H, W) float pictures and (N, H, W) int64 labels."""
        order: list[int] = self._rng.permutation(len(self._samples)).tolist()
        for step in range(self._steps_per_epoch):
            indices = order[step * self._batch_size : (step + 1) * self._batch_size]
            drawn = [
                self._augment(*self._samples[index], self._rng) for index in indices
            ]
            pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn]))
            labels = torch.from_numpy(np.stack([labels for _, labels in drawn])).long()
            labels[labels >= len(self._config.classes)] = IGNORE
            yield pictures.permute(0, 3, 1, 2).float(), labels

    def _step(self, pictures: Tensor, labels: Tensor) -> float:
        """Take one step and return its loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate()
        scores = self.model(pictures)  # (N, K, h8, w8)
        size_hw = (labels.shape[1], labels.shape[2])
        full = upsample_scores(scores, self.model.score_grid, size_hw)  # (N, K, H, W)
        loss = segmentation_loss(full, labels, self._class_weights)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._num_steps += 1
        self._update_average()
        return loss.item()

    def _learning_rate(self) -> float:
        """Rise along a line, then fall along half a cosine to zero."""
        num_warmup = self._config.warmup_epochs * self._steps_per_epoch
        num_all = self._config.epochs * self._steps_per_epoch
        rise = min(1.0, (self._num_steps + 1) / max(1.0, num_warmup))
        fall = 0.5 * (1 + math.cos(math.pi * self._num_steps / num_all))
        return self._config.learning_rate * rise * fall

    @torch.no_grad()
    def _update_average(self) -> None:
        """Follow the weights slowly, but faster in the first steps."""
        decay = min(
            self._config.ema_decay, (1 + self._num_steps) / (10 + self._num_steps)
        )
        weights = self.model.state_dict()
        for name, average in self.average.state_dict().items():
            if average.is_floating_point():
                average.lerp_(weights[name], 1 - decay)
            else:
                average.copy_(weights[name])
