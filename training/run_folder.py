"""The folder of a run.

RUN/config.yaml             every setting, resolved; --resume reads it
RUN/environment.json        versions, machine, commit
RUN/log.csv                 a line for each validation
RUN/tensorboard/            the same and the loss in between, where tensorboard is
RUN/checkpoint.pt           where to go on
RUN/best.safetensors        the weights that scored best, with their model card
RUN/last.safetensors        the weights of the last validation
RUN/unlabelled/             frames of clips, where a teacher looks at clips
RUN/report/                 report.html and its pictures
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import yaml

from maskstream.models.replacing import replacing
from maskstream.pipeline.errors import ConfigError, SinkError
from maskstream.training.config import TrainConfig
from maskstream.training.environment import describe_environment
from maskstream.training.recipes import load_recipe

__all__ = ["Round", "RunFolder"]


@dataclass(frozen=True, slots=True)
class Round:
    """A line of the log: the steps up to a validation, and what it found."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    mean_iou: float
    pixel_accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the files of a run lie."""

    path: Path

    @classmethod
    def create(cls, config: TrainConfig) -> RunFolder:
        """Make the folder and note how the run is set up.

        Raises:
            ConfigError: the folder holds something already.
            SinkError: it cannot be written to.
        """
        folder = cls(config.out)
        if folder.config.exists():
            raise ConfigError(
                f"{config.out}: a run is there already; --resume goes on with it, "
                "out=DIR puts the new one elsewhere"
            )
        if folder.path.is_dir() and any(folder.path.iterdir()):
            raise ConfigError(f"{config.out}: the folder of a run must be new or empty")
        settings = config.model_dump(mode="json", exclude={"out"})
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.environment.write_text(json.dumps(describe_environment(), indent=2))
            folder.config.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SinkError(f"{config.out} cannot be written: {reason}") from error
        return folder

    def read_config(self) -> TrainConfig:
        """Read how the run was set up.

        Raises:
            ConfigError: this is not the folder of a run.
        """
        if not self.config.is_file():
            raise ConfigError(f"{self.path}: no run is here, {self.config} is missing")
        return load_recipe(self.config, [f"out={self.path}"])

    def append(self, line: Round) -> None:
        """Add a line to the log."""
        self._write_log([*self.rounds(), line])

    def rounds(self) -> list[Round]:
        """Read the log.

        Raises:
            ConfigError: something else has been written into it.
        """
        if not self.log.is_file():
            return []
        try:
            with self.log.open(newline="", encoding="utf-8") as file:
                return [
                    Round(int(row.pop("step")), **{k: float(v) for k, v in row.items()})
                    for row in csv.DictReader(file)
                ]
        except (ValueError, TypeError, LookupError, csv.Error) as error:
            raise ConfigError(
                f"{self.log}: not the log of a run any more: {error}; mend the line or "
                "move the file away"
            ) from error

    def forget_after(self, step: int) -> None:
        """Take out of the log what a resumed run will do again."""
        self._write_log([line for line in self.rounds() if line.step <= step])

    def _write_log(self, rounds: list[Round]) -> None:
        """Write the log anew, so that a kill leaves it whole or as it was."""
        with replacing(self.log) as part, part.open("w", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Round)])
            writer.writeheader()
            writer.writerows(asdict(line) for line in rounds)

    @property
    def config(self) -> Path:
        """Every setting, resolved."""
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        """Versions, machine, commit."""
        return self.path / "environment.json"

    @property
    def log(self) -> Path:
        """A line for each validation."""
        return self.path / "log.csv"

    @property
    def tensorboard(self) -> Path:
        """Folder of what TensorBoard shows."""
        return self.path / "tensorboard"

    @property
    def checkpoint(self) -> Path:
        """Where to go on."""
        return self.path / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """The weights that scored best."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """The weights of the last validation."""
        return self.path / "last.safetensors"

    @property
    def unlabelled(self) -> Path:
        """Frames of clips without labels."""
        return self.path / "unlabelled"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.path / "report"
