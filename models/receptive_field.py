"""How far a network sees, derived from the operations that it runs.

A score depends on the pixels from ``first`` to ``last`` of its own place, and the next
score lies ``step`` pixels further. Each convolution and pooling widens that as its
kernel, stride, padding and dilation say; where branches meet, the wider one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

__all__ = ["receptive_field"]

_aten = torch.ops.aten
_WHOLE = {
    _aten.mean,
    _aten._adaptive_avg_pool2d,
    _aten.native_group_norm,
    _aten.bmm,
}
"""What mixes all places: squeeze and excitation, norms of a picture, attention."""


def receptive_field(
    features: Callable[[Tensor], Tensor], size: int = 256
) -> int | None:
    """Count the rows of a picture that one row of features depends on.

    Args:
        features: run once, on (1, 3, size, size) on the meta device, which costs
            nothing.
        size: side of a picture that ``features`` takes.

    Returns:
        None where every pixel of the picture counts, as with squeeze and excitation.
    """
    pictures = torch.zeros(1, 3, size, size, device="meta")
    with torch.no_grad(), _Tracer() as tracer:
        tracer.fields[pictures] = _Field()
        field = tracer.fields[features(pictures)]
    return None if field.is_whole else field.last - field.first + 1


@dataclass(frozen=True, slots=True)
class _Field:
    """The rows that a row of features depends on, from that row's own place."""

    first: int = 0
    last: int = 0
    step: int = 1
    is_whole: bool = False

    def __or__(self, other: _Field) -> _Field:
        return _Field(
            min(self.first, other.first),
            max(self.last, other.last),
            max(self.step, other.step),
            self.is_whole or other.is_whole,
        )

    def seen_by(self, kernel: int, stride: int, padding: int, dilation: int) -> _Field:
        """Widen as a convolution or a pooling does."""
        reach = dilation * (kernel - 1)
        return _Field(
            self.first - padding * self.step,
            self.last + (reach - padding) * self.step,
            self.step * stride,
            self.is_whole,
        )


class _Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows fields along rows from operation to operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.fields: Any = WeakTensorKeyDictionary()  # of Tensor to _Field

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        field: _Field | None = None
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor) and leaf in self.fields:
                other = self.fields[leaf]
                field = other if field is None else field | other
        if field is not None:
            field = _after(func.overloadpacket, args, field)
            for leaf in tree_leaves(out):
                if isinstance(leaf, Tensor):
                    self.fields[leaf] = field
        return out


def _after(operation: Any, args: tuple[Any, ...], field: _Field) -> _Field:
    """Tell what the result of an operation depends on."""
    if operation in _WHOLE:
        return _Field(is_whole=True)
    if operation is _aten.convolution:
        _, weight, _, stride, padding, dilation, *_ = args
        return field.seen_by(weight.shape[2], stride[0], padding[0], dilation[0])
    if operation is _aten.max_pool2d_with_indices:
        return _after_pooling(field, *args[1:])
    if operation is _aten.avg_pool2d:
        return _after_pooling(field, *args[1:4])
    if operation is _aten.constant_pad_nd and len(args[1]) > 2:
        return field.seen_by(1, 1, args[1][2], 1)
    return field


def _after_pooling(
    field: _Field,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    *_: object,
) -> _Field:
    """Read a pooling's arguments, of which torch leaves out the usual ones."""
    return field.seen_by(kernel[0], (stride or kernel)[0], padding[0], dilation[0])
