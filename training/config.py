"""The settings of a training run."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.training.augment import AugmentConfig


class TrainConfig(BaseModel):
    """Everything that decides a run; the defaults made the embedded weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(description="Folder with images/SPLIT and labels/SPLIT.")
    output_dir: Path = Field(description="Folder for the weights and the log.")
    model: str = Field(
        "fcn8s-lite0-slim",
        description="Network to train; this one runs in real time on two cores.",
    )
    backbone_weights: Path | None = Field(
        None,
        description="ImageNet weights of the backbone, as safetensors; without them a "
        "few hundred pictures teach little.",
    )
    classes: ClassTable = Field(
        CAMVID, description="Names and colours of the class ids in the labels."
    )
    train_split: str = Field("train", description="Split to learn from.")
    val_split: str = Field("val", description="Split that chooses the best epoch.")
    epochs: int = Field(
        48,
        ge=1,
        description="Rounds over the pictures; on CamVid the score stops rising at 40.",
    )
    batch_size: int = Field(
        8, ge=2, description="Pictures in a step; fewer make batch norm noisy."
    )
    augmentation: AugmentConfig = Field(
        AugmentConfig(), description="How training pictures are varied."
    )
    learning_rate: float = Field(
        1e-3, gt=0, description="Peak of AdamW's rate; higher unlearns ImageNet."
    )
    weight_decay: float = Field(
        1e-2, ge=0, description="AdamW's usual decay, on convolution weights alone."
    )
    warmup_epochs: float = Field(
        1.0, ge=0, description="Rounds of rising rate, while the new layers are random."
    )
    ema_decay: float = Field(
        0.995, ge=0, lt=1, description="Of the averaged weights: about four epochs."
    )
    data_name: str = Field(
        "unnamed pictures", description="What the model card calls the pictures."
    )
    licence: str = Field(
        "not stated; ask the owner of the pictures",
        description="What the model card says the weights may be used for.",
    )
    seed: int = Field(0, description="Makes the run repeatable on one machine.")
    threads: int | None = Field(
        None, ge=1, description="Threads of torch; its own choice if not given."
    )
