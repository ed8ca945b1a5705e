"""Which tensor of a file is which of a network, and which of either is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Size, Tensor

from maskstream.models.importing.plan import Plan, Tensors
from maskstream.models.importing.target import BATCH_COUNT, Target

__all__ = ["Match", "match"]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The outcome: every tensor of the file and of the network is in one of these."""

    taken: Mapping[str, Tensor]
    """By the network's names and in its shapes."""
    missing: tuple[str, ...]
    """The network's, which the file does not have."""
    misfits: Mapping[str, str]
    """The file's of another shape, and which."""
    flawed: Mapping[str, str]
    """The file's whose numbers cannot be weights, and why."""
    unused: Mapping[str, str]
    """The file's that the network does not have, and why."""

    @property
    def is_complete(self) -> bool:
        """The network has all that it needs."""
        return not self.missing and not self.misfits and not self.flawed


def match(tensors: Tensors, plan: Plan, target: Target) -> Match:
    """Give each tensor of the network the one of the file that the plan names."""
    taken: dict[str, Tensor] = {}
    misfits: dict[str, str] = {}
    flawed: dict[str, str] = {}
    unused: dict[str, str] = {}
    for theirs, tensor in tensors.items():
        ours = plan.names.get(theirs)
        if ours is None or ours not in target.shapes:
            reason = f"{target.name} has no such tensor"
            unused[theirs] = plan.aside.get(theirs, reason)
            continue
        flaw = _find_flaw(tensor, ours)
        if flaw is not None:
            flawed[theirs] = flaw
            continue
        turned = tensor.flip(1) if theirs in plan.swap_red_blue else tensor
        fitted = _fit(turned, target.shapes[ours])
        if fitted is None:
            shapes = _tell(tensor.shape), _tell(target.shapes[ours])
            misfits[theirs] = f"{shapes[0]}, and {ours} is {shapes[1]}"
        else:
            taken[ours] = fitted
    there = {plan.names[name] for name in (*misfits, *flawed)}
    absent = target.needed.keys() - taken.keys() - there
    missing = tuple(name for name in target.needed if name in absent)
    return Match(taken, missing, misfits, flawed, unused)


def _find_flaw(tensor: Tensor, ours: str) -> str | None:
    """Tell why numbers cannot be weights: damage, or quantisation; None if they can."""
    if not tensor.is_floating_point():
        if ours.endswith(BATCH_COUNT):
            return None
        return f"it holds {str(tensor.dtype).removeprefix('torch.')}, and not floats"
    if tensor.numel() and not all(end.isfinite() for end in tensor.float().aminmax()):
        return "it holds numbers that are not finite (nan or inf)"
    return None


def _fit(tensor: Tensor, shape: Size) -> Tensor | None:
    """Bring a tensor to a shape where that is a matter of writing; None if not.

    Caffe used to write every shape with four numbers. A dense layer on (C, h, w)
    features is the convolution whose kernel has their size: both go through the
    features in that order.
    """
    if tensor.shape == shape:
        return tensor
    if tensor.numel() != shape.numel():
        return None
    used = Size(side for side in tensor.shape if side != 1)
    is_vector = len(shape) <= 1
    is_dense = len(used) == 2 and len(shape) == 4 and used[0] == shape[0]
    return tensor.reshape(shape) if is_vector or is_dense else None


def _tell(shape: Size) -> str:
    return "x".join(map(str, shape)) or "one number"
