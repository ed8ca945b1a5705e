"""Where the Triton kernels are tested: on the GPU, or by Triton's interpreter.

Import it before any kernel: the interpreter takes a kernel's place when it is defined.
Triton's own functions in Triton (`tl.zeros`) may be defined by then; kernels use none.
"""

from __future__ import annotations

import os

import torch

__all__ = ["DEVICE"]

DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

if DEVICE.type == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"
