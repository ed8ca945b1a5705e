"""Which teacher a file is."""

from __future__ import annotations

from pathlib import Path

from maskstream.pipeline.errors import ConfigError
from maskstream.training.teachers.ade import AdeTeacher
from maskstream.training.teachers.cityscapes import CityscapesTeacher
from maskstream.training.teachers.drivable import DrivableTeacher
from maskstream.training.teachers.opinion import Teacher

_TEACHERS: dict[str, type[CityscapesTeacher | AdeTeacher | DrivableTeacher]] = {
    ".pth": CityscapesTeacher,
    ".tflite": AdeTeacher,
    ".onnx": DrivableTeacher,
}


def open_teacher(path: Path) -> Teacher:
    """Open a teacher by the kind of its file.

    Raises:
        ConfigError: if the file does not exist or is of no kind that a teacher has.
        ModelError: if the file is not the network that its kind stands for.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; a teacher's weights are wanted")
    kind = _TEACHERS.get(path.suffix)
    if kind is None:
        raise ConfigError(
            f"{path}: a teacher is ESPNetv2 as .pth, MOSAIC as .tflite or "
            f"TwinLiteNetPlus as .onnx, got {path.suffix or 'no suffix'}"
        )
    return kind(path)
