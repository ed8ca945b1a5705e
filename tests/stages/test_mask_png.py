from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.mask_png import PaletteImages
from tests.clips import make_clip
from tests.sinks import read_clip, run_sink


def test_a_viewer_shows_the_colours_of_the_classes(tmp_path: Path) -> None:
    """The palette turns class ids into what the class table says."""
    source = make_clip(tmp_path / "source.mp4", frames=2)
    items, _ = read_clip(source)

    run_sink(PaletteImages(tmp_path / "images", CAMVID, Ledger()), items)

    bgr = cv2.imread(str(tmp_path / "images" / "000001.pts512.png"))
    assert bgr is not None
    palette = np.array(CAMVID.colours, np.uint8)
    np.testing.assert_array_equal(bgr[..., ::-1], palette[items[1].labels])


def test_a_new_series_replaces_an_older_one(tmp_path: Path, clip: Path) -> None:
    """No picture of the older run stays among the new ones; other files do."""
    items, _ = read_clip(clip)
    folder = tmp_path / "images"
    run_sink(PaletteImages(folder, CAMVID, Ledger()), items)
    (folder / "holiday.png").touch()

    run_sink(PaletteImages(folder, CAMVID, Ledger()), items[:1])

    names = {path.name for path in folder.iterdir()}
    assert names == {"000000.pts0.png", "classes.json", "holiday.png"}


def test_the_folder_explains_itself(tmp_path: Path, clip: Path) -> None:
    """Names carry index and pts; one file holds the classes and the time base."""
    items, _ = read_clip(clip)

    ledger = run_sink(PaletteImages(tmp_path / "images", CAMVID, Ledger()), items)

    names = sorted(path.name for path in (tmp_path / "images").iterdir())
    assert names[:2] == ["000000.pts0.png", "000001.pts512.png"]
    assert names[-1] == "classes.json"
    assert len(names) == 21
    table = json.loads((tmp_path / "images" / "classes.json").read_text())
    assert table["names"] == list(CAMVID.names)
    assert table["time_base"] == "1/12800"
    assert ledger.accounts()["cam"].is_balanced
