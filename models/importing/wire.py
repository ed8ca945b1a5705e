"""The wire format of protocol buffers, as far as files of weights need it.

https://protobuf.dev/programming-guides/encoding: a message is a row of fields, each a
key (number and wire type) and a value. Nothing here knows what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Value", "WireError", "read_fields", "read_varints"]

Value = int | memoryview
"""A varint, or the bytes of anything else."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10


class WireError(ValueError):
    """These bytes are no message."""


def read_fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field of a message, in the order of the bytes.

    Raises:
        WireError: the bytes are not in this format, or end too early.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise WireError(f"a field has number 0 at byte {at}")
        if kind == _VARINT:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(message, at)
        elif kind in _FIXED_SIZES:
            size = _FIXED_SIZES[kind]
        else:
            raise WireError(f"a field has wire type {kind} at byte {at}")
        if at + size > len(message):
            raise WireError(f"a field of {size} bytes runs past the end at byte {at}")
        yield number, message[at : at + size]
        at += size


def read_varints(packed: memoryview) -> Iterator[int]:
    """Yield the numbers of a packed field.

    Raises:
        WireError: the bytes end within a number.
    """
    at = 0
    while at < len(packed):
        value, at = _read_varint(packed, at)
        yield value


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read seven bits a byte, the lowest first; return the number and what follows."""
    number = 0
    for index in range(_MAX_VARINT_BYTES):
        if at + index >= len(message):
            break
        byte = message[at + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return number, at + index + 1
    raise WireError(f"a number does not end at byte {at}")
