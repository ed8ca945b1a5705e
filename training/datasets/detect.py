"""Which layout a folder has."""

from __future__ import annotations

import difflib
from pathlib import Path

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.camvid import CamVidColours, SegNetCamVid
from maskstream.training.datasets.cityscapes import CityscapesFolders, JoinedPairs
from maskstream.training.datasets.folder import FolderLayout
from maskstream.training.datasets.kitti import KittiRoad
from maskstream.training.datasets.layout import Layout
from maskstream.training.datasets.voc import SbdLayout, VocLayout

__all__ = ["LAYOUTS", "find_layout"]


def _layouts(classes: ClassTable) -> tuple[Layout, ...]:
    """List all layouts in the order in which a folder is looked at."""
    return (
        FolderLayout(classes),
        SegNetCamVid(),
        CamVidColours(),
        CityscapesFolders(),
        VocLayout(),
        SbdLayout(),
        KittiRoad(),
        JoinedPairs(),  # last: its sign is any folder of JPEGs
    )


LAYOUTS = tuple(layout.name for layout in _layouts(CAMVID))
"""The names of all layouts."""


def find_layout(
    root: Path, name: str = "auto", classes: ClassTable | None = None
) -> Layout:
    """Find the layout of a folder, or the one of a name.

    Args:
        root: The folder of the data set.
        name: One of `LAYOUTS`, or ``auto`` to look which it is.
        classes: Table for labels whose folder brings none; CamVid's by default.

    Raises:
        ConfigError: if there is no such folder or layout, or the folder has none.
    """
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder")
    layouts = _layouts(classes or CAMVID)
    if name == "auto":
        for layout in layouts:
            if layout.is_at(root):
                return layout
        raise ConfigError(
            f"{root}: no data set in a layout that is known; wanted is "
            f"{layouts[0].looks}, or the layout of {', '.join(LAYOUTS[1:])}"
        )
    if name not in LAYOUTS:
        near = difflib.get_close_matches(name, LAYOUTS, n=1)
        hint = f"did you mean {near[0]}" if near else f"known: {', '.join(LAYOUTS)}"
        raise ConfigError(f"no layout is named {name!r}; {hint}")
    layout = layouts[LAYOUTS.index(name)]
    if not layout.is_at(root):
        raise ConfigError(f"{root}: not laid out as {name}, which is {layout.looks}")
    return layout
