"""One network learning: its steps and the running average of its weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.pipeline.errors import ModelError
from maskstream.training.batches import Batch
from maskstream.training.config import TrainConfig
from maskstream.training.distill import Teacher
from maskstream.training.distributed import Processes
from maskstream.training.loss import Part, parts_of_step, segmentation_loss
from maskstream.training.optimizer import build_optimizer, rate_at, set_rate

__all__ = ["Learner"]


class Learner:
    """Trains ``model``; ``kept`` is what to keep of it.

    That is the average of the weights over the last few epochs, which scores better
    than any one of them and is steadier, or the model itself where no average is asked.
    """

    def __init__(
        self,
        model: FCN,
        config: TrainConfig,
        processes: Processes,
        *,
        num_steps: int,
        num_warmup: float,
        class_weights: Tensor,
        teacher: Teacher | None = None,
    ) -> None:
        self._config = config
        self._processes = processes
        self._num_steps = num_steps
        self._num_warmup = num_warmup
        self._class_weights = class_weights.to(processes.device)
        self._teacher = teacher
        device = processes.device
        # Channels last took 0.73 s a step where the default took 2.13 (two cores of an
        # EPYC, 8 crops of 320); bf16 autocast on top of it took 0.84.
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.kept = self.model
        if config.average is not None:
            self.kept = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._optimizer = build_optimizer(self.model, config.optimizer)
        self._joined: nn.Module = _Scoring(self.model)
        if processes.count > 1:
            if device.type == "cuda":
                # In place, and under the same names.
                convert = nn.SyncBatchNorm.convert_sync_batchnorm
                convert(self.model)  # type: ignore[no-untyped-call]
            self._joined = DistributedDataParallel(self._joined)

    @property
    def learning_rate(self) -> float:
        """Of the last step, for weights that learn at the full rate."""
        group = self._optimizer.param_groups[0]
        rate: float = group["lr"] / group["factor"]
        return rate

    def learn(self, step: int, batches: Sequence[Batch]) -> Tensor:
        """Take step ``step`` of the run, on several batches one after another.

        Returns:
            () the loss of the step, on the device.
        """
        rate = rate_at(step, self._num_steps, self._num_warmup, self._config.schedule)
        set_rate(self._optimizer, self._config.optimizer.learning_rate * rate)
        # What dropout draws depends on the step alone, so that a run can go on.
        draw = np.random.SeedSequence(
            (self._config.seed, 2, step, self._processes.rank)
        )
        torch.manual_seed(int(draw.generate_state(1)[0]))
        self.model.train()
        device = self._processes.device
        truth = [labels.to(device, non_blocking=True) for _, labels in batches]
        parts = parts_of_step(truth, self._class_weights, self._config.loss)
        losses = []
        for number, (pictures, _) in enumerate(batches):
            with self._wait_for_others(is_last=number == len(batches) - 1):
                loss = self._loss(pictures, truth[number], parts[number])
                loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._update_average(step)
        return torch.stack(losses).sum()

    def state(self) -> dict[str, Any]:
        """Collect what a checkpoint must hold."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        if self.kept is not self.model:
            state["average"] = self.kept.state_dict()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` described.

        Raises:
            ModelError: it is of another network or optimizer; nothing has changed.
        """
        if _form(state) != _form(self.state()):
            raise ModelError("it is of another network, optimizer or average")
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self.kept is not self.model:
            self.kept.load_state_dict(state["average"])

    def _loss(self, pictures: Tensor, labels: Tensor, part: Part) -> Tensor:
        device = self._processes.device
        seen = pictures.to(device, non_blocking=True).float()  # (N, 3, H, W)
        precision = self._config.precision
        is_bf16 = precision == "bf16" or (precision == "auto" and device.type == "cuda")
        teacher = self._teacher
        with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16):
            try:
                scores, *auxiliary = self._joined(seen)  # (N, K, h, w) each
            except ValueError as error:  # batch norm's, of one value for a channel
                height, width = seen.shape[2:]
                raise ModelError(
                    f"batch norm cannot learn from {len(seen)} picture of "
                    f"{width}x{height}; a larger batch_size or augment.crop_hw can"
                ) from error
            soft = None if teacher is None else teacher.answer(seen)
        full = self._at_full_size(scores, labels)
        loss = self._mistakes(full, labels, part)
        for earlier in auxiliary:
            mistakes = self._mistakes(self._at_full_size(earlier, labels), labels, part)
            loss = loss + self._config.loss.auxiliary * mistakes
        if teacher is not None and soft is not None:
            loss = loss + part.of_batches * teacher.loss(full, soft)
        return loss

    def _at_full_size(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Upsample (N, K, h, w) scores to the size of (N, H, W) labels."""
        size_hw = (labels.shape[1], labels.shape[2])
        return upsample_scores(scores.float(), self.model.score_grid, size_hw)

    def _mistakes(self, full: Tensor, labels: Tensor, part: Part) -> Tensor:
        config = self._config.loss
        return segmentation_loss(full, labels, self._class_weights, config, part)

    def _wait_for_others(self, *, is_last: bool) -> AbstractContextManager[None]:
        """Exchange gradients with the other processes once a step."""
        if isinstance(self._joined, DistributedDataParallel) and not is_last:
            exchange_later: AbstractContextManager[None] = self._joined.no_sync()
            return exchange_later
        return nullcontext()

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        """Follow the weights slowly, but faster in the first steps."""
        if self._config.average is None:
            return
        decay = min(self._config.average, (2 + step) / (11 + step))
        weights = self.model.state_dict()
        for name, average in self.kept.state_dict().items():
            if average.is_floating_point():
                average.lerp_(weights[name], 1 - decay)
            else:
                average.copy_(weights[name])


def _form(state: dict[str, Any]) -> tuple[object, ...]:
    """Tell what two states must have in common to be of one run."""
    groups = state["optimizer"]["param_groups"]
    return (
        {name: tensor.shape for name, tensor in state["model"].items()},
        "average" in state,
        ["momentum" in group for group in groups],  # SGD alone has it
        [len(group["params"]) for group in groups],
    )


class _Scoring(nn.Module):
    """All the heads of a network, in one call that other processes can join."""

    def __init__(self, model: FCN) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Score (N, 3, H, W) pictures, and again by the auxiliary head if there."""
        if self.model.auxiliary is None:
            return (self.model(pictures),)
        return self.model.forward_auxiliary(pictures)
