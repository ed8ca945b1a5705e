"""What the weights of a run say of themselves."""

from __future__ import annotations

from maskstream.models.classes import ClassTable
from maskstream.models.weights import ModelCard
from maskstream.training.config import TrainConfig
from maskstream.training.metrics import Scores
from maskstream.training.recipes import training_command

__all__ = ["describe_weights"]


def describe_weights(
    config: TrainConfig,
    classes: ClassTable,
    num_pictures: int,
    size_hw: tuple[int, int],
    scores: Scores,
) -> ModelCard:
    """Write the model card of weights of a run.

    Args:
        config: of the run.
        classes: of the data.
        num_pictures: labelled ones that were learnt from.
        size_hw: of what the network saw.
        scores: on the validation split.
    """
    sources = [config.backbone_weights, config.start]
    start = ", ".join(path.name for path in sources if path) or "random weights"
    data = (
        f"{config.data_name}, {num_pictures} pictures of {config.train_split}; "
        f"best round chosen on {config.val_split}; started from {start}"
    )
    if config.teacher is not None:
        data += f"; taught by {config.teacher.weights.name}"
        data += "".join(f", on {clip.name}" for clip in config.teacher.clips)
    return ModelCard(
        model=config.model,
        classes=classes,
        data=data,
        licence=config.licence,
        training_command=training_command(config),
        training_size_hw=size_hw,
        scores={
            f"{config.val_split} mean IoU": round(scores.mean_iou, 4),
            f"{config.val_split} pixel accuracy": round(scores.pixel_accuracy, 4),
        },
    )
