"""A viewer or a server on a process of its own: receiver.py URL [OPTION=VALUE]...

Prints a line for each picture: its time in seconds, its size, the index that
`tests.clips` drew into it and its mean luma.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.clips import read_index


def main(url: str, *options: str) -> None:
    """Show what comes until it ends."""
    given = dict(option.split("=", 1) for option in options)
    with av.open(url, options=given) as container:
        for picture in container.decode(video=0):
            luma = picture.to_ndarray(format="gray").mean()
            seconds = -1.0 if picture.time is None else picture.time
            size = f"{picture.height} {picture.width}"
            line = f"{seconds:.4f} {size} {read_index(picture)} {luma:.1f}"
            print(line, flush=True)  # noqa: T201


main(*sys.argv[1:])
