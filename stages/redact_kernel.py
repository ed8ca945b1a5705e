"""The loops behind the redaction, compiled once: integers only, and without the GIL.

A picture is divided into blocks of 8 by 8 pixels, in which all chroma samples stand for
pixels of one block, whatever the layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstream.models.compiled import compiled
from maskstream.pipeline.frame import Labels
from maskstream.stages.planes import Samples

__all__ = ["BLOCK", "Blocks", "cover", "find_blocks", "prepare_redaction"]

BLOCK = 8
"""Rows and columns of a block, in pixels."""

Blocks = NDArray[np.uint8]
"""(ceil(H / 8), ceil(W / 8)), 1 where something is to be hidden."""


def prepare_redaction() -> None:
    """Load the kernels for pictures of 8 bits, or compile them on the first run."""
    plane, blocks = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8)
    find_blocks(plane, np.zeros(256, np.uint8), blocks)
    cover(plane, 1, blocks, 0, 0, 1, -1)


@compiled
def find_blocks(labels: Labels, hidden: NDArray[np.uint8], blocks: Blocks) -> None:
    """Write 1 for each block with a pixel of a hidden class, and 0 for the others.

    Args:
        labels: (H, W).
        hidden: (256,) by class id, 1 where it is to be hidden.
        blocks: Out.
    """
    height, width = labels.shape
    blocks[:] = 0
    for y in range(height):
        row, found = labels[y], blocks[y // BLOCK]
        for x in range(width):
            found[x // BLOCK] |= hidden[row[x]]


@compiled
def cover(
    plane: Samples,
    width: int,
    blocks: Blocks,
    shift_w: int,
    shift_h: int,
    cell: int,
    fill: int,
) -> None:
    """Write over the samples of every block that is to be hidden.

    Args:
        plane: (rows, line size).
        width: Samples of a row, without the padding.
        blocks: Where.
        shift_w: Binary logarithm of the pixels that share a sample of a row.
        shift_h: Binary logarithm of the rows that share one.
        cell: Blocks on each side of a cell, which gets its own mean.
        fill: The code to write instead, or -1.
    """
    num_down, num_across = blocks.shape
    rows, columns = BLOCK >> shift_h, BLOCK >> shift_w  # samples of a block
    for cell_y in range(0, num_down, cell):
        for cell_x in range(0, num_across, cell):
            end_y = min(cell_y + cell, num_down)
            end_x = min(cell_x + cell, num_across)
            if not blocks[cell_y:end_y, cell_x:end_x].any():
                continue
            code = fill
            if code < 0:
                inside = plane[
                    cell_y * rows : end_y * rows,
                    cell_x * columns : min(end_x * columns, width),
                ]
                total = 0
                for y in range(inside.shape[0]):
                    for x in range(inside.shape[1]):
                        total += inside[y, x]
                code = (total + inside.size // 2) // inside.size
            for y in range(cell_y, end_y):
                for x in range(cell_x, end_x):
                    if blocks[y, x]:
                        plane[
                            y * rows : (y + 1) * rows,
                            x * columns : min((x + 1) * columns, width),
                        ] = code
