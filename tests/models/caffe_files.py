"""A writer of caffemodel files, from the numbers of caffe.proto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Blobs", "caffemodel", "caffemodel_v1"]

Blobs = Sequence[NDArray[np.float32]]


def caffemodel(layers: Mapping[str, Blobs]) -> bytes:
    """Write today's form: shapes of any rank, layers as field 100."""
    net = _bytes(1, b"net")
    for name, blobs in layers.items():
        written = b"".join(_bytes(7, _blob(blob)) for blob in blobs)
        net += _bytes(100, _bytes(1, name.encode()) + _bytes(2, b"Any") + written)
    return net


def caffemodel_v1(layers: Mapping[str, Blobs]) -> bytes:
    """Write the old form: shapes of four numbers, layers as field 2, type a number."""
    net = b""
    for name, blobs in layers.items():
        written = b"".join(_bytes(6, _legacy_blob(blob)) for blob in blobs)
        net += _bytes(2, _bytes(4, name.encode()) + _number(5, 4) + written)
    return net


def _blob(numbers: NDArray[np.float32]) -> bytes:
    shape = _bytes(1, b"".join(map(_varint, numbers.shape)))
    return _bytes(7, shape) + _bytes(5, numbers.astype("<f4").tobytes())


def _legacy_blob(numbers: NDArray[np.float32]) -> bytes:
    shape = (1,) * (4 - numbers.ndim) + numbers.shape
    written = b"".join(_number(field, side) for field, side in enumerate(shape, 1))
    return written + _bytes(5, numbers.astype("<f4").tobytes())


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
