"""Weights that Keras saved as HDF5: VGG ``notop`` and files like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maskstream.pipeline.errors import ModelError

__all__ = ["read_keras"]

_NUMBERS = "fiu"  # numpy's kinds: floating, signed and unsigned
_WHOLE_MODEL = "model_weights"  # the group of weights in the file of a whole model


def read_keras(path: Path) -> dict[str, Tensor]:
    """Read the weights of every layer, named ``LAYER.weight`` and ``LAYER.bias``.

    Kernels are turned from Keras' order, (h, w, in, out), to torch's (out, in, h, w),
    dense ones from (in, out) to (out, in).

    Raises:
        ModelError: it cannot be read, or the extra ``keras`` is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ModelError(
            f'{path}: weights of Keras need h5py; pip install "maskstream[keras]" '
            "brings it"
        ) from error

    tensors: dict[str, Tensor] = {}

    def read(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or not item.ndim:
            return
        if h5py.check_string_dtype(item.dtype) is not None:
            return  # versions and names, which some write beside the weights
        if item.dtype.kind not in _NUMBERS:
            raise TypeError(f"{name} holds {item.dtype}, and numbers are wanted")
        layer = name.removeprefix(f"{_WHOLE_MODEL}/").partition("/")[0]
        kernel = torch.from_numpy(item[()].astype(np.float32))
        kind = "bias" if item.ndim == 1 else "weight"
        axes = (3, 2, 0, 1) if item.ndim == 4 else tuple(reversed(range(item.ndim)))
        key = f"{layer}.{kind}"
        # A layer with more than one vector, such as batch norm, keeps their names.
        tensors[name if key in tensors else key] = kernel.permute(axes)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(read)
    except (LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: this is not a file of Keras: {error}") from error
    return tensors
