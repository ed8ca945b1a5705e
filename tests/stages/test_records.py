from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.objects import FoundObject, find_objects
from maskstream.stages.records import Records
from tests.sinks import read_clip, run_sink

CAR, SIGN, ROAD = (CAMVID.index(name) for name in ("car", "sign", "road"))


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read the header and the records."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_frame_has_a_line(tmp_path: Path, clip: Path) -> None:
    """It holds the time, exact and in seconds, and the share of each class."""
    items, _ = read_clip(clip)

    ledger = run_sink(Records(tmp_path / "r.jsonl", CAMVID, Ledger()), items)

    header, first, second, *_ = lines_of(tmp_path / "r.jsonl")
    assert (header["format"], header["version"]) == ("maskstream.records", 1)
    assert header["classes"] == list(CAMVID.names)
    assert len(lines_of(tmp_path / "r.jsonl")) == 21
    assert first["index"] == 0
    assert second == {
        "stream": "cam",
        "index": 1,
        "pts": 512,
        "time_base": "1/12800",
        "seconds": 0.04,
        "estimated": False,
        "captured_at": None,
        "held": False,
        "network_size": None,
        "size": [64, 96],
        "rotation": 0,
        "shares": second["shares"],
    }
    counts = np.bincount(items[1].labels.ravel(), minlength=11)
    assert list(second["shares"]) == list(CAMVID.names)
    assert list(second["shares"].values()) == pytest.approx(counts / 6144, abs=1e-6)
    assert ledger.accounts()["cam"].is_balanced


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_run_lengths_are_those_of_coco(tmp_path: Path, clip: Path) -> None:
    """Coco's own tools read them back as the mask of each class that is there."""
    item = read_clip(clip)[0][0]
    labels = np.full((64, 96), ROAD, np.uint8)
    labels[5:9, 7:20] = CAR

    run_sink(
        Records(tmp_path / "r.jsonl", CAMVID, Ledger(), masks=True),
        [replace(item, labels=labels)],
    )

    _, record = lines_of(tmp_path / "r.jsonl")
    assert set(record["masks"]) == {"road", "car"}
    for name, mask in record["masks"].items():
        np.testing.assert_array_equal(coco.decode(mask), labels == CAMVID.index(name))


def test_objects_are_regions_of_countable_classes(tmp_path: Path, clip: Path) -> None:
    """Each has its class, its box from the left and top, and its own area."""
    item = read_clip(clip)[0][0]
    labels = np.full((64, 96), ROAD, np.uint8)
    labels[40:50, 60:90] = CAR

    run_sink(
        Records(tmp_path / "r.jsonl", CAMVID, Ledger(), objects=True),
        [replace(item, labels=labels)],
    )

    _, record = lines_of(tmp_path / "r.jsonl")
    assert record["objects"] == [{"class": "car", "box": [60, 40, 30, 10], "area": 300}]


def test_regions_are_told_apart_and_small_ones_left_out() -> None:
    """Corners connect; what is smaller than asked for is noise."""
    labels = np.full((50, 80), ROAD, np.uint8)
    labels[0:10, 0:10] = CAR
    labels[10:12, 10:12] = CAR  # touches the first at a corner
    labels[30:35, 40:45] = CAR
    labels[48:50, 78:80] = SIGN

    found = find_objects(labels, CAMVID, min_area=5)

    assert found == [
        FoundObject("car", left=0, top=0, width=12, height=12, area=104),
        FoundObject("car", left=40, top=30, width=5, height=5, area=25),
    ]


def test_a_record_is_in_the_file_as_soon_as_it_is_written(
    tmp_path: Path, clip: Path
) -> None:
    """A kill leaves whole lines, so each goes to the system at once."""
    sink = Records(tmp_path / "r.jsonl", CAMVID, Ledger())
    outcomes = sink(Channel.of(*read_clip(clip)[0]))

    for number in range(1, 4):
        next(outcomes)
        assert len(lines_of(tmp_path / "r.partial.jsonl")) == 1 + number
    outcomes.close()
    assert not (tmp_path / "r.jsonl").exists()


def test_run_lengths_without_pycocotools_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the run, with the command that helps."""
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)

    with pytest.raises(ConfigError, match=r"pip install 'maskstream\[coco\]'"):
        Records(tmp_path / "r.jsonl", CAMVID, Ledger(), masks=True)


def test_a_record_of_a_live_frame_says_when_it_was_taken(
    tmp_path: Path, clip: Path
) -> None:
    """In UTC, whatever the clock of the stream."""
    item = read_clip(clip)[0][0]
    live = replace(item, frame=replace(item.frame, captured_at=1_700_000_000.25))

    run_sink(Records(tmp_path / "r.jsonl", CAMVID, Ledger()), [live])

    _, record = lines_of(tmp_path / "r.jsonl")
    assert record["captured_at"] == "2023-11-14T22:13:20.250000Z"
