"""The pictures of each step, as a function of the seed and the step alone.

The samples of a run are numbered from 0 to its end. A number decides which picture is
seen and how it is changed, so that a run goes on from any step as if it had never been
stopped, and several processes share out what one would see.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from maskstream.pipeline.errors import ConfigError
from maskstream.training.augment import IGNORE, Augmentation
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import Labels, Picture
from maskstream.training.distributed import Processes

__all__ = ["Batch", "Samples", "Steps"]

Batch = tuple[Tensor, Tensor]
"""(N, 3, H, W) uint8 RGB pictures and (N, H, W) int64 labels."""


class Samples(Protocol):
    """Pictures with labels, by index; IGNORE and unknown ids teach nothing."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> tuple[Picture, Labels]: ...


@dataclass(frozen=True, slots=True)
class Steps:
    """The batches of a run for one of its processes."""

    samples: Samples
    config: TrainConfig
    processes: Processes
    num_classes: int

    @property
    def samples_per_step(self) -> int:
        """Over all processes."""
        per_process = self.config.batch_size * self.config.accumulate
        return per_process * self.processes.count

    @property
    def steps_per_epoch(self) -> float:
        """Steps in which as many samples are seen as there are pictures."""
        return len(self.samples) / self.samples_per_step

    @property
    def count(self) -> int:
        """Steps of the whole run."""
        if self.config.steps is not None:
            return self.config.steps
        return max(1, round(self.config.epochs * self.steps_per_epoch))

    @property
    def size_hw(self) -> tuple[int, int]:
        """Size of the pictures in a batch, or of the first picture where they vary."""
        if self.config.augment is not None:
            return self.config.augment.crop_hw
        height, width = self.samples[0][1].shape
        return height, width

    def iterate(self, first: int) -> Iterator[list[Batch]]:
        """Draw the batches of each step from step ``first`` on, ``accumulate`` each."""
        loader = DataLoader(
            _Drawn(self.samples, self.config, self.num_classes),
            batch_sampler=(
                self._numbers(step, part)
                for step in range(first, self.count)
                for part in range(self.config.accumulate)
            ),
            num_workers=self.config.workers,
            collate_fn=_collate,
            worker_init_fn=_settle_worker,
            pin_memory=self.processes.device.type == "cuda",
        )
        batches = iter(loader)
        for _ in range(first, self.count):
            yield [next(batches) for _ in range(self.config.accumulate)]

    def _numbers(self, step: int, part: int) -> list[int]:
        """Number the samples of one batch of this process."""
        size = self.config.batch_size
        place = part * self.processes.count + self.processes.rank
        start = step * self.samples_per_step + place * size
        return list(range(start, start + size))


class _Drawn(Dataset[tuple[Picture, Labels]]):
    """Every sample of an endless run by its number."""

    def __init__(self, samples: Samples, config: TrainConfig, num_classes: int) -> None:
        self._samples = samples
        self._num_classes = num_classes
        self._seed = config.seed
        self._augment = Augmentation(config.augment) if config.augment else None

    def __getitem__(self, number: int) -> tuple[Picture, Labels]:
        epoch, place = divmod(number, len(self._samples))
        order = np.random.default_rng((self._seed, 0, epoch))
        index = int(order.permutation(len(self._samples))[place])
        picture, labels = self._samples[index]
        labels = np.where(labels < self._num_classes, labels, np.uint8(IGNORE))
        if self._augment is None:
            return picture, labels
        rng = np.random.default_rng((self._seed, 1, number))
        return self._augment(picture, labels, rng)


def _collate(drawn: Sequence[tuple[Picture, Labels]]) -> Batch:
    sizes = {labels.shape for _, labels in drawn}
    if len(sizes) > 1:
        shown = " and ".join(f"{width}x{height}" for height, width in sorted(sizes))
        raise ConfigError(
            f"pictures of {shown} cannot form a batch; crop them by augment or set "
            "batch_size=1"
        )
    pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn]))
    labels = torch.from_numpy(np.stack([labels for _, labels in drawn])).long()
    return pictures.permute(0, 3, 1, 2), labels


def _settle_worker(_worker: int) -> None:
    cv2.setNumThreads(1)  # torch has the cores
    # Terminals and systemd signal every process; the run ends this one when it is done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
