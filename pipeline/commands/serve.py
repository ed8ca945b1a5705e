"""``maskstream serve``: many cameras, unattended."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
) -> None:
    """Segment the cameras of a configuration, until told to stop.

    A first Ctrl-C or SIGTERM finishes the files, a second stops at once. Exits with 0
    when every frame is accounted for.
    """
    from maskstream.server.memory import bound_arenas

    bound_arenas()  # before libraries start their threads
    from maskstream.server import daemon  # it loads torch: not for --help

    ending = daemon.serve(config)
    if ending.is_stuck:  # the interpreter would wait for threads that do not end
        logging.shutdown()
        os._exit(ending.exit_code)
    raise typer.Exit(ending.exit_code)
