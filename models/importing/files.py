"""Files of weights as other programs write them, read as named tensors."""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from maskstream.models.class_tables import voc_colours
from maskstream.models.classes import ClassTable
from maskstream.models.importing.caffemodel import read_caffemodel
from maskstream.models.importing.keras import read_keras
from maskstream.pipeline.errors import ModelError

__all__ = ["TORCH_DAMAGE", "ForeignFile", "read_file"]

_WRAPPERS = ("model_state_dict", "state_dict", "model")
"""Where trainers keep the weights among the rest of a checkpoint."""
TORCH_DAMAGE = (
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What torch raises of a file that is cut short or has other bytes, as was tried."""
_STAND_INS = {b"<": "a web page", b"version https:": "a pointer of Git LFS"}
"""What is saved in place of a file when it is not asked for rightly, by its start."""
_OLDER_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9"
"""How torch.save began before its files were zips: a pickle of a number of its own."""
_PICKLE = re.compile(rb"\x80[\0-\5]|\([dl]|[}\]]q|c[\w.]+\n\w+\n")
"""How pickles of dicts, lists and objects begin, in every protocol from 0 to 5."""
_PARALLEL = "module."  # torch's DataParallel puts it before every name


@dataclass(frozen=True, slots=True, eq=False)
class ForeignFile:
    """The tensors of a file, under the names they have there."""

    path: Path
    tensors: dict[str, Tensor]
    classes: ClassTable | None = None
    """Where the file says them."""
    notes: tuple[str, ...] = ()
    """What in the file is no weight."""


def read_file(path: Path) -> ForeignFile:
    """Read a file, whose kind is known by its first bytes.

    Pickles are read with torch's ``weights_only``, which runs nothing in them.

    Raises:
        ModelError: the file is missing, damaged, empty or of no kind known here.
    """
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"{path}: {reason}") from error
    if not head:
        raise ModelError(f"{path}: the file is empty")
    read = _reader(path, head)(path)
    if not read.tensors:
        raise ModelError(f"{path}: there are no tensors in it")
    return read


def _reader(path: Path, head: bytes) -> Callable[[Path], ForeignFile]:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return lambda path: ForeignFile(path, read_keras(path))
    if head[4:9] == b"\0\0\0\0{":  # after the length of the header
        return _read_safetensors
    if head.startswith((b"PK\x03\x04", _OLDER_TORCH)):
        return _read_checkpoint
    if _PICKLE.match(head):
        raise ModelError(
            f"{path}: this is a pickle that torch.save did not write, and reading it "
            "could run a program; torch.save its state_dict where you trust it"
        )
    for start, stand_in in _STAND_INS.items():
        if head.lstrip().startswith(start):
            raise ModelError(f"{path}: this is {stand_in}, not the file it leads to")
    return lambda path: ForeignFile(path, read_caffemodel(path))


def _read_safetensors(path: Path) -> ForeignFile:
    try:
        return ForeignFile(path, load_file(path))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: this is not a safetensors file: {error}") from error


def _read_checkpoint(path: Path) -> ForeignFile:
    content = _unpickle(path)
    wrapper = next((name for name in _WRAPPERS if _is_dict(content, name)), None)
    named = content if wrapper is None else content[wrapper]
    tensors = {
        str(name).removeprefix(_PARALLEL): value
        for name, value in named.items()
        if isinstance(value, Tensor)
    }
    beside = sorted(str(name) for name in content if name != wrapper)
    notes: tuple[str, ...] = ()
    if wrapper is not None and beside:
        notes = (f"left out of the checkpoint: {', '.join(beside)}",)
    return ForeignFile(path, tensors, _read_classes(content.get("meta")), notes)


def _check_sums(path: Path) -> None:
    """Compare what a zip holds with the CRC of each member, which torch does not."""
    try:
        with ZipFile(path) as archive:
            wrong = archive.testzip()
    except (BadZipFile, NotImplementedError, *TORCH_DAMAGE) as error:
        raise ModelError(f"{path}: this file is damaged: {error}") from error
    if wrong is not None:
        raise ModelError(f"{path}: this file is damaged: {wrong} has another checksum")


def _unpickle(path: Path) -> Mapping[str, Any]:
    if is_zipfile(path):
        _check_sums(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path}: it holds more than tensors and plain values, and reading that "
            "could run a program; save its state_dict alone"
        ) from error
    except TORCH_DAMAGE as error:
        reason = str(error).partition("\n")[0] or "it ends too early"
        raise ModelError(f"{path}: torch cannot read this file: {reason}") from error
    if not isinstance(content, Mapping):
        raise ModelError(f"{path}: no dict of tensors, but a {type(content).__name__}")
    return content


def _is_dict(content: Mapping[str, Any], name: str) -> bool:
    return isinstance(content.get(name), Mapping)


def _read_classes(meta: Any) -> ClassTable | None:
    """Read the classes that mmsegmentation puts beside its weights.

    Theirs have VOC's colours where the palette is missing or of another length.
    """
    if not isinstance(meta, Mapping):
        return None
    about = meta["dataset_meta"] if _is_dict(meta, "dataset_meta") else meta
    names = about.get("classes", about.get("CLASSES"))
    if not isinstance(names, list | tuple):
        return None
    try:
        colours = tuple(
            (int(r), int(g), int(b))
            for r, g, b in about.get("palette", about.get("PALETTE"))
        )
    except (TypeError, ValueError):
        colours = ()
    if len(colours) != len(names):
        colours = voc_colours(len(names))
    return ClassTable(tuple(map(str, names)), colours)
