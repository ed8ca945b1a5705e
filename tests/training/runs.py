"""Training runs that take seconds."""

from __future__ import annotations

from pathlib import Path

from maskstream.training.config import TrainConfig


def tiny_run(labelled_dir: Path, **settings: object) -> TrainConfig:
    """Set up a run on pictures of 64x48, in one process and without warmth."""
    defaults: dict[str, object] = {
        "data": labelled_dir,
        "out": labelled_dir.parent / "run",
        "steps": 4,
        "batch_size": 2,
        "augment": {"crop_hw": [32, 32]},
        "schedule": {"warmup_epochs": 0},
        "workers": 0,
    }
    return TrainConfig.model_validate(defaults | settings)
