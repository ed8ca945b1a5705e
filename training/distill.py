"""Distillation: a large network's soft answers teach a small one.

Hinton, Vinyals and Dean 2015 (arXiv 1503.02531), pixel by pixel. It needs no labels, so
frames of any video will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.classes import ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.models.weights import load_weights
from maskstream.pipeline.errors import ConfigError
from maskstream.training.config import TeacherConfig
from maskstream.training.distributed import sum_over_processes

__all__ = ["Teacher", "distillation_loss"]


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """A trained network and how much its answers count."""

    model: FCN
    config: TeacherConfig

    @classmethod
    def load(
        cls, config: TeacherConfig, classes: ClassTable, device: torch.device
    ) -> Teacher:
        """Load the network that teaches.

        Raises:
            ConfigError: its classes are not those of the run.
            ModelError: its weights cannot be loaded.
        """
        model, card = load_weights(config.weights)
        if card.classes.names != classes.names:
            raise ConfigError(
                f"{config.weights}: the teacher knows {', '.join(card.classes.names)}; "
                f"the run wants {', '.join(classes.names)}"
            )
        model = model.to(device).to(memory_format=torch.channels_last)
        return cls(model.requires_grad_(False), config)

    @torch.no_grad()
    def answer(self, pictures: Tensor) -> Tensor:
        """Score (N, 3, H, W) RGB pictures in 0..255 at the teacher's stride."""
        scores: Tensor = self.model(pictures)  # (N, K, h, w)
        return scores

    def loss(self, scores: Tensor, answer: Tensor) -> Tensor:
        """Tell how far (N, K, H, W) full-size scores are from the teacher's answer."""
        size_hw = (scores.shape[2], scores.shape[3])
        soft = upsample_scores(answer.float(), self.model.score_grid, size_hw)
        distance = distillation_loss(scores, soft, self.config.temperature)
        return self.config.weight * distance


def distillation_loss(scores: Tensor, soft: Tensor, temperature: float) -> Tensor:
    """Measure the divergence of softened answers, the mean over pixels.

    Times the square of the temperature, which keeps the gradients' size (section 2).
    """
    divergence = F.kl_div(
        (scores / temperature).log_softmax(1),
        (soft / temperature).log_softmax(1),
        reduction="sum",
        log_target=True,
    )
    num_pixels = scores.new_tensor(scores[:, 0].numel())
    sums = sum_over_processes(torch.stack([divergence, num_pixels]))
    return temperature**2 * sums[0] / sums[1]
