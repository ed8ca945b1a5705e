"""Everything that decides a training run, each default with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from maskstream.models.classes import ClassTable
from maskstream.training.augment import AugmentConfig

__all__ = [
    "LossConfig",
    "OptimizerConfig",
    "ScheduleConfig",
    "TeacherConfig",
    "TrainConfig",
]


def _read_classes(given: object) -> object:
    """Take the name of a JSON file in the place of a class table."""
    if not isinstance(given, str | Path):
        return given
    try:
        return ClassTable.from_json(Path(given).read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"{given}: {reason}") from None
    except ValueError as error:
        raise ValueError(f"{given}: {error}") from None


def _from_anywhere(path: Path) -> Path:
    """Make a path hold when a run goes on from another folder."""
    return path.expanduser().absolute()


InputPath = Annotated[Path, AfterValidator(_from_anywhere)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OptimizerConfig(_Settings):
    """How weights follow their gradients."""

    kind: Literal["adamw", "sgd"] = Field(
        "adamw", description="AdamW forgives a rate that is a few times wrong."
    )
    learning_rate: float = Field(
        1e-3, gt=0, description="Peak; higher unlearns ImageNet with AdamW."
    )
    backbone_factor: float = Field(
        1.0,
        gt=0,
        description="Of the rate, for the backbone; 0.1 suits VGG, which has no batch "
        "norm to steady it.",
    )
    bias_factor: float = Field(
        1.0, gt=0, description="Of the rate, for biases; the release doubles it."
    )
    frozen: tuple[str, ...] = Field(
        (),
        description="Weights whose names begin so stay as they are; "
        "[backbone.conv1,backbone.conv2] took a fifth off a step of VGG16, whose first "
        "layers see edges and colours in any pictures.",
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="Of SGD; AdamW has its own moments."
    )
    weight_decay: float = Field(
        1e-2,
        ge=0,
        description="AdamW's usual one, on kernels alone: biases and batch norm do "
        "not overfit.",
    )


class ScheduleConfig(_Settings):
    """How the learning rate moves through the run."""

    kind: Literal["cosine", "poly", "constant"] = Field(
        "cosine", description="Stays high for long, then settles; poly is close to it."
    )
    warmup_epochs: float = Field(
        1.0, ge=0, description="Rounds of rising rate, while the new layers are random."
    )
    power: float = Field(
        0.9, gt=0, description="Of poly; what the field has used since DeepLab."
    )


class LossConfig(_Settings):
    """What is lowered."""

    reduction: Literal["mean", "sum"] = Field(
        "mean",
        description="Over pixels; the release sums, so its rates are tiny and a large "
        "picture teaches more.",
    )
    class_weights: Literal["none", "root-median", "median"] = Field(
        "root-median",
        description="Median frequency over a class's own, from the labels; its root, "
        "because the full weights paint poles and signs too fat.",
    )
    dice: float = Field(
        1.0, ge=0, description="Weight of the Dice loss, where all classes count alike."
    )
    auxiliary: float = Field(
        0.5,
        gt=0,
        description="Weight of the same loss of the auxiliary head, where the model "
        "has one (auxiliary=yes); as in torchvision's reference, mmsegmentation takes "
        "0.4.",
    )
    hard_below: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Only pixels whose true class is given less than this probability "
        "count (0.7 is usual); all of them by default, which steadies short runs.",
    )
    hard_min_share: float = Field(
        1 / 16,
        gt=0,
        le=1,
        description="The hardest of these count in any case, as in BiSeNet's release.",
    )


class TeacherConfig(_Settings):
    """A trained network whose soft answers are learnt too."""

    weights: InputPath = Field(
        description="Its weights; its classes must be the run's own."
    )
    weight: float = Field(
        1.0, gt=0, description="Of its loss beside that of the labels."
    )
    temperature: float = Field(
        2.0, gt=0, description="Softens both answers, so that second choices teach."
    )
    clips: tuple[InputPath, ...] = Field(
        (), description="Videos without labels, on which the teacher alone speaks."
    )
    frames_per_clip: int = Field(
        200, ge=1, description="Evenly spaced; neighbouring frames teach the same."
    )


class TrainConfig(_Settings):
    """One training run."""

    data: InputPath = Field(description="Folder of labelled pictures.")
    out: Path = Field(
        Path("runs/latest"), description="Folder of the run; it must be new or empty."
    )
    model: str = Field(
        "fcn8s-lite0-slim",
        description="Network to train; this one runs in real time on two cores.",
    )
    backbone_weights: InputPath | None = Field(
        None,
        description="ImageNet weights of the backbone, as safetensors; without them a "
        "few hundred pictures teach little.",
    )
    start: InputPath | None = Field(
        None,
        description="Weights to begin with, also of a shallower member of the family: "
        "16s from 32s, 8s from 16s.",
    )
    layout: str = Field(
        "auto", description="Of the data's files; found by looking at them."
    )
    classes: Annotated[ClassTable | None, BeforeValidator(_read_classes)] = Field(
        None,
        description="Names and colours of the class ids, as a table or a JSON file; "
        "the data's own by default.",
    )
    train_split: str = Field("train", description="Split to learn from.")
    val_split: str = Field("val", description="Split that chooses the best round.")
    epochs: float = Field(
        48,
        gt=0,
        description="Rounds over the pictures; on CamVid the score stops rising at 40.",
    )
    steps: int | None = Field(
        None, ge=1, description="Length in steps, in the place of epochs."
    )
    batch_size: int = Field(
        8,
        ge=1,
        description="Pictures at a time on each device; fewer make batch norm noisy.",
    )
    accumulate: int = Field(
        1,
        ge=1,
        description="Batches in a step; more where memory is short. Cross entropy is "
        "that of all their pixels, Dice the mean of the batches.",
    )
    augment: AugmentConfig | None = Field(
        AugmentConfig(),
        description="How crops are drawn; null learns from whole pictures as they are.",
    )
    optimizer: OptimizerConfig = Field(
        OptimizerConfig(), description="How weights follow their gradients."
    )
    schedule: ScheduleConfig = Field(
        ScheduleConfig(), description="How the learning rate moves."
    )
    loss: LossConfig = Field(LossConfig(), description="What is lowered.")
    average: float | None = Field(
        0.995,
        ge=0,
        lt=1,
        description="Decay of the running average of the weights, which is what is "
        "kept: about four epochs of CamVid; null keeps the weights themselves.",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto",
        description="auto is bf16 where a GPU is, and fp32 on the CPU, where a step of "
        "fcn8s-lite0 took 0.73 s against 0.84 s.",
    )
    teacher: TeacherConfig | None = Field(
        None, description="A large network that teaches a small one."
    )
    validate_every: int | None = Field(
        None, ge=1, description="Steps between validations; an epoch by default."
    )
    checkpoint_every: int = Field(
        200, ge=1, description="Steps between checkpoints: what a kill may cost."
    )
    seed: int = Field(0, ge=0, description="Makes the run repeatable on one machine.")
    threads: int | None = Field(
        None, ge=1, description="Threads of torch; its own choice if not given."
    )
    workers: int = Field(
        2,
        ge=0,
        description="Processes that draw crops; two feed batches of 8 to a GPU.",
    )
    data_name: str = Field(
        "unnamed pictures", description="What the model card calls the pictures."
    )
    licence: str = Field(
        "not stated; ask the owner of the pictures",
        description="What the model card says the weights may be used for.",
    )
