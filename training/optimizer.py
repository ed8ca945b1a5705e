"""Optimizers, what each kind of weight is told by them, and the rate over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from maskstream.models.fcn import FCN
from maskstream.pipeline.errors import ConfigError
from maskstream.training.config import OptimizerConfig, ScheduleConfig

__all__ = ["build_optimizer", "freeze", "rate_at", "set_rate"]


def freeze(model: FCN, beginnings: Sequence[str]) -> None:
    """Let weights whose names begin so need no gradient.

    Raises:
        ConfigError: no name begins so, or nothing is left to learn.
    """
    named = dict(model.named_parameters())
    for beginning in beginnings:
        found = [name for name in named if name.startswith(beginning)]
        if not found:
            layers = dict.fromkeys(".".join(name.split(".")[:2]) for name in named)
            raise ConfigError(
                f"optimizer.frozen: no weights begin with {beginning!r}; "
                f"there are {', '.join(layers)}"
            )
        for name in found:
            named[name].requires_grad_(False)
    if not any(weights.requires_grad for weights in named.values()):
        raise ConfigError("optimizer.frozen leaves nothing to learn")


def build_optimizer(model: FCN, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Group the weights that learn: kernels decay, biases and batch norm do not.

    Weights that stay as they are, such as fixed deconvolutions, are left out. Each
    group knows its share of the rate as ``factor``.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, weights in model.named_parameters():
        if not weights.requires_grad:
            continue
        factor = config.backbone_factor if name.startswith("backbone.") else 1.0
        if name.endswith(".bias"):
            factor *= config.bias_factor
        decay = config.weight_decay if weights.ndim > 1 else 0.0
        groups.setdefault((factor, decay), []).append(weights)
    told = [
        {"params": weights, "factor": factor, "weight_decay": decay}
        for (factor, decay), weights in groups.items()
    ]
    if config.kind == "sgd":
        return torch.optim.SGD(told, lr=config.learning_rate, momentum=config.momentum)
    return torch.optim.AdamW(told, lr=config.learning_rate)


def rate_at(
    step: int, num_steps: int, num_warmup: float, schedule: ScheduleConfig
) -> float:
    """Find the share of the peak rate at a step: rise along a line, fall to zero."""
    rise = min(1.0, (step + 1) / max(1.0, num_warmup))
    share = step / num_steps
    fall: dict[str, float] = {
        "constant": 1.0,
        "cosine": 0.5 * (1 + math.cos(math.pi * share)),
        "poly": (1 - share) ** schedule.power,
    }
    return rise * fall[schedule.kind]


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give each group its share of a rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
