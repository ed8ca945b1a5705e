"""Weights of caffe, read without caffe: a NetParameter of its caffe.proto."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from maskstream.models.importing.wire import WireError, read_fields, read_varints
from maskstream.pipeline.errors import ModelError

__all__ = ["read_caffemodel"]

# Numbers of the fields, from caffe.proto.
_NET_LAYERS = {100: (1, 7), 2: (4, 6)}
"""NetParameter.layer and .layers (V1), each with the numbers of its name and blobs."""
_BLOB_DATA = {5: "<f4", 8: "<f8"}  # data and double_data
_BLOB_SHAPE = 7
_BLOB_LEGACY_SHAPE = (1, 2, 3, 4)  # num, channels, height, width
_SHAPE_DIM = 1
_MAX_SIDE = 2**31 - 1  # blob.cpp counts with int

_BLOB_NAMES = ("weight", "bias")


def read_caffemodel(path: Path) -> dict[str, Tensor]:
    """Read the blobs of every layer, named ``LAYER.weight``, ``LAYER.bias``, ``.2``.

    Both forms of layers are read, the old one (V1LayerParameter) and today's.

    Raises:
        ModelError: it is no caffemodel, or one that is damaged.
    """
    tensors: dict[str, Tensor] = {}
    try:
        for name, blobs in _read_layers(memoryview(path.read_bytes())):
            for index, blob in enumerate(blobs):
                kind = _BLOB_NAMES[index] if index < len(_BLOB_NAMES) else str(index)
                tensors[f"{name}.{kind}"] = _read_blob(blob)
    except (WireError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: this is not a caffemodel: {error}") from error
    if not tensors:
        raise ModelError(f"{path}: this caffemodel holds no layer with weights")
    return tensors


def _read_layers(net: memoryview) -> Iterator[tuple[str, list[memoryview]]]:
    """Yield the name and the blobs of each layer that has any."""
    for number, layer in read_fields(net):
        if number not in _NET_LAYERS or isinstance(layer, int):
            continue
        name_number, blobs_number = _NET_LAYERS[number]
        name, blobs = "", []
        for field, value in read_fields(layer):
            if isinstance(value, int):
                continue
            if field == name_number:
                name = str(value, "utf-8")
            elif field == blobs_number:
                blobs.append(value)
        if blobs:
            yield name, blobs


def _read_blob(blob: memoryview) -> Tensor:
    """Read a BlobProto into a float tensor of its shape."""
    legacy = dict.fromkeys(_BLOB_LEGACY_SHAPE, 0)
    shape: list[int] | None = None
    parts: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
    for number, value in read_fields(blob):
        if isinstance(value, int):
            legacy[number] = value
        elif number == _BLOB_SHAPE:
            shape = _read_shape(value)
        elif number in _BLOB_DATA:
            kind = np.dtype(_BLOB_DATA[number])
            if len(value) % kind.itemsize:
                raise WireError("the numbers of a blob end within one")
            # In one part where they are packed, as caffe does, else one by one.
            parts.append(np.frombuffer(value, kind).astype(np.float32))
    numbers = np.concatenate(parts) if parts else np.empty(0, np.float32)
    if shape is None:
        shape = [legacy[number] for number in _BLOB_LEGACY_SHAPE]
    if math.prod(shape) != numbers.size or max(shape, default=0) > _MAX_SIDE:
        raise WireError(f"a blob of shape {shape} has {numbers.size} numbers")
    return torch.from_numpy(numbers).reshape(shape)


def _read_shape(message: memoryview) -> list[int]:
    dims: list[int] = []
    for number, value in read_fields(message):
        if number == _SHAPE_DIM:
            dims += [value] if isinstance(value, int) else read_varints(value)
    return dims
