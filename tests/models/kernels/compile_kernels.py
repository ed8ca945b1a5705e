"""Compile every Triton kernel to machine code of a Hopper GPU, which need not be here.

    python -m tests.models.kernels.compile_kernels

The interpreter takes what the compiler refuses; so both are tried where no GPU is.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from maskstream.models.kernels.labels_triton import _label
from maskstream.models.kernels.network_input_triton import _fill
from maskstream.models.kernels.overlay_triton import _blend

_TARGET = GPUTarget("cuda", 90, 32)
_BLOCK = {"ROWS": 4, "COLUMNS": 64}
_TAPS = {
    f"{plane}_{name}": kind
    for plane in "yc"
    for name, kind in {
        "tops": "*i32",
        "downs": "*fp32",
        "lefts": "*i32",
        "acrosses": "*fp32",
    }.items()
}
_PLANES = {"y": "*u8", "u": "*u8", "v": "*u8"}


def main() -> None:
    """Compile for the types that the engine uses; print the size of each."""
    for dtype in ("*bf16", "*fp16", "*fp32"):
        types = {"out": dtype, "coefficients": "*fp32", **_PLANES, **_TAPS}
        compile_kernel(_fill, types, _BLOCK)
        types = {"labels": "*u8", "scores": dtype, "tops": "*i64", "lefts": "*i64"}
        compile_kernel(_label, types | {"downs": "*fp32", "acrosses": "*fp32"}, _BLOCK)
    types = {"labels": "*u8", "keep": "*i32", "add": "*i32", **_PLANES}
    for share in (1, 2):
        shares = {"SHARE_H": share, "SHARE_W": share, "HAS_CONTOURS": share == 2}
        compile_kernel(_blend, types, shares | _BLOCK)


def compile_kernel(
    kernel: Any, types: Mapping[str, str], constants: Mapping[str, int]
) -> None:
    """Compile one; what has no type is a whole number."""
    signature = {
        name: "constexpr" if name in constants else types.get(name, "i32")
        for name in kernel.arg_names
    }
    places = {(kernel.arg_names.index(name),): constants[name] for name in constants}
    made = triton.compile(ASTSource(kernel, signature, places), target=_TARGET)
    sys.stdout.write(f"{kernel.__name__}: {len(made.asm['cubin'])} bytes\n")


if __name__ == "__main__":
    main()
