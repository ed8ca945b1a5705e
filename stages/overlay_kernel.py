"""The loops behind the overlay, compiled once: integers only, and without the GIL.

Each pixel has a code; what a code does to a sample is in two tables. A sample becomes
``(sample * keep + add) >> bits``, where 1 is ``1 << bits`` and ``bits`` are those that
the sample takes in memory.
"""

from __future__ import annotations

import logging
import time
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from maskstream.models.compiled import compiled
from maskstream.pipeline.frame import Labels
from maskstream.stages.planes import Samples

__all__ = ["BORDER", "NUM_CODES", "blend", "prepare_kernel"]

logger = logging.getLogger(__name__)

BORDER = 256
"""Added to the class of a pixel on the border of its class."""
_preparing = Lock()
_MIXED = 512  # the code of a chroma sample whose pixels differ
NUM_CODES = 513
"""Classes, classes on their borders, and a last code that the tables leave alone."""


def prepare_kernel() -> None:
    """Load the kernel for pictures of 8 bits, or compile it on the first run.

    It is cached beside this file, or in the user's cache folder where the package
    cannot be written. Of several threads one compiles, the others wait for it.
    """
    plane = np.zeros((1, 1), np.uint8)
    keep, add = np.zeros(NUM_CODES, np.uint32), np.zeros((3, NUM_CODES), np.uint32)
    with _preparing:
        num_compiled = blend.stats.cache_misses.total()
        began = time.perf_counter()
        blend(plane, plane, plane, plane, 0, 0, keep, add, 0)
    if blend.stats.cache_misses.total() > num_compiled:
        logger.info(
            "compiled the overlay kernel in %.1f s, once", time.perf_counter() - began
        )


@compiled
def blend(
    first: Samples,
    second: Samples,
    third: Samples,
    labels: Labels,
    shift_w: int,
    shift_h: int,
    keep: NDArray[np.uint32],
    add: NDArray[np.uint32],
    contour_px: int,
) -> None:
    """Paint a picture: the rows of luma that share a row of chroma, and then that.

    Args:
        first: (rows, line size) of luma, or of green.
        second: The same of blue chroma, or of blue.
        third: The same of red chroma, or of red.
        labels: (H, W), contiguous.
        shift_w: Binary logarithm of the columns that share a sample of chroma.
        shift_h: Binary logarithm of the rows that share one.
        keep: (513,) by code.
        add: (3, 513) by plane and code, a half for rounding included.
        contour_px: Width of a contour on each side of a border; 0 for none.
    """
    height, width = labels.shape
    codes = np.empty((1 << shift_h, width), np.uint16)
    shared = np.empty(width + 1, np.uint16)
    halved = np.empty(width + 1, np.uint16)
    changes = np.zeros((width + 15) // 8 * 8, np.uint8)
    words = changes.view(np.uint64)
    ends = np.empty(width + 8, np.int64)
    for chroma_y in range((height + (1 << shift_h) - 1) >> shift_h):
        top = chroma_y << shift_h
        num_rows = min(1 << shift_h, height - top)
        for i in range(num_rows):
            _read_codes(labels, top + i, contour_px, codes[i])
            num_runs = _find_runs(codes[i], width, changes, words, ends)
            _blend_row(first[top + i], codes[i], ends[:num_runs], keep, add[0])

        _share_rows(codes[:num_rows], shared)
        chroma_width = width
        for _ in range(shift_w):
            shared[chroma_width] = shared[chroma_width - 1]  # at an odd edge, alone
            chroma_width = (chroma_width + 1) // 2
            _halve(shared, chroma_width, halved)
            shared, halved = halved, shared
        num_runs = _find_runs(shared, chroma_width, changes, words, ends)
        _blend_row(second[chroma_y], shared, ends[:num_runs], keep, add[1])
        _blend_row(third[chroma_y], shared, ends[:num_runs], keep, add[2])
        start = 0
        for end in ends[:num_runs]:
            if shared[start] == _MIXED:
                _blend_mixed(
                    second[chroma_y],
                    third[chroma_y],
                    start,
                    end,
                    codes[:num_rows],
                    shift_w,
                    keep,
                    add,
                )
            start = end


@compiled
def _read_codes(
    labels: Labels, y: int, contour_px: int, codes: NDArray[np.uint16]
) -> None:
    """Write the code of each pixel of row ``y``."""
    height, width = labels.shape
    row = labels[y]
    for x in range(width):
        codes[x] = row[x]
    if contour_px == 0:
        return
    above = labels[max(y - contour_px, 0)]
    below = labels[min(y + contour_px, height - 1)]
    for x in range(width):
        codes[x] |= ((row[x] != above[x]) | (row[x] != below[x])) * BORDER
    left, right = row[: max(width - contour_px, 0)], row[contour_px:]
    left_codes, right_codes = codes[: left.size], codes[contour_px:]
    for x in range(left.size):
        left_codes[x] |= (left[x] != right[x]) * BORDER
    for x in range(left.size):
        right_codes[x] |= (left[x] != right[x]) * BORDER
    for x in range(min(contour_px, width)):  # what lies beyond an edge is as the edge
        codes[x] |= (row[x] != row[0]) * BORDER
        codes[width - 1 - x] |= (row[width - 1 - x] != row[width - 1]) * BORDER


@compiled
def _share_rows(rows: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    """Write the code of each column, mixed where its rows differ."""
    out = out[: rows.shape[1]]
    for x in range(out.size):
        out[x] = rows[0, x]
    for i in range(1, rows.shape[0]):
        row = rows[i]
        for x in range(out.size):
            out[x] = out[x] if out[x] == row[x] else _MIXED


@compiled
def _halve(codes: NDArray[np.uint16], num_pairs: int, out: NDArray[np.uint16]) -> None:
    """Write the code of each pair of neighbours, mixed where they differ."""
    pairs, out = codes[: 2 * num_pairs], out[:num_pairs]
    for x in range(num_pairs):
        left, right = pairs[2 * x], pairs[2 * x + 1]
        out[x] = left if left == right else _MIXED


@compiled
def _find_runs(
    codes: NDArray[np.uint16],
    width: int,
    changes: NDArray[np.uint8],
    words: NDArray[np.uint64],
    ends: NDArray[np.int64],
) -> int:
    """Write where each run of equal codes ends; return how many there are.

    Args:
        codes: (width,) or longer.
        width: Codes to read.
        changes: Scratch, 8 or more longer than ``width``.
        words: The same memory, eight at a time.
        ends: Out, 8 or more longer than ``width``.
    """
    for x in range(width - 1):
        changes[x] = codes[x] != codes[x + 1]
    for x in range(width - 1, width + 7):
        changes[x] = 0
    num_runs = 0
    for word in range((width + 6) // 8):
        if words[word]:  # skips eight equal neighbours at a time
            for x in range(8 * word, 8 * word + 8):
                ends[num_runs] = x + 1
                num_runs += changes[x]
    ends[num_runs] = width
    return num_runs + 1


@compiled
def _blend_row(
    row: Samples,
    codes: NDArray[np.uint16],
    ends: NDArray[np.int64],
    keep: NDArray[np.uint32],
    add: NDArray[np.uint32],
) -> None:
    """Paint one row of a plane, run by run."""
    start = 0
    for end in ends:
        code = codes[start]
        if keep[code] != 1 << 8 * row.itemsize:
            _blend_run(row[start:end], keep[code], add[code])
        start = end


@compiled
def _blend_run(run: Samples, keep: np.uint32, add: np.uint32) -> None:
    # A function of its own: written into the loop above it takes twice the time.
    for x in range(run.size):
        run[x] = (run[x] * keep + add) >> 8 * run.itemsize


@compiled
def _blend_mixed(
    second: Samples,
    third: Samples,
    start: int,
    end: int,
    codes: NDArray[np.uint16],
    shift_w: int,
    keep: NDArray[np.uint32],
    add: NDArray[np.uint32],
) -> None:
    """Paint chroma samples of unlike pixels, those whose pixels are all painted.

    Args:
        second: A row of the second plane.
        third: The same row of the third.
        start: First sample of the row to paint.
        end: Last one, and one more.
        codes: (rows, width) of the pixels that share this row.
        shift_w: Binary logarithm of the columns that share a sample.
        keep: (513,) by code.
        add: (3, 513) by plane and code.
    """
    bits = 8 * second.itemsize
    num_rows, width = codes.shape
    for x in range(start, end):
        left, right = x << shift_w, min((x + 1) << shift_w, width)
        total_keep, total_second, total_third = 0, 0, 0
        is_covered = True
        for i in range(num_rows):
            for j in range(left, right):
                code = codes[i, j]
                is_covered &= keep[code] != 1 << bits
                total_keep += keep[code]
                total_second += add[1, code]
                total_third += add[2, code]
        if is_covered:
            num = num_rows * (right - left)
            second[x] = (second[x] * total_keep + total_second) // num >> bits
            third[x] = (third[x] * total_keep + total_third) // num >> bits
