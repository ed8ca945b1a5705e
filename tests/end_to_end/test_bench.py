"""``maskstream bench``: it measures, and its figures belong together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip
from tests.end_to_end.conftest import Run

# All of it is measured by whichever test comes first; a busy machine takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PARTS = ["decode", "preprocess", "network", "finish", "annotate", "encode", "records"]


@dataclass(frozen=True)
class Bench:
    """What one bench left behind."""

    told: str
    figures: dict[str, Any]
    page: str


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench of a clip of two seconds, with records beside the video."""
    folder = tmp_path_factory.mktemp("bench")
    clip = make_clip(folder / "clip.mp4", frames=50, size_hw=(120, 160), audio=1)
    config = folder / "run.yaml"
    config.write_text("output: out.mp4\nrecords: out.jsonl\n")
    figures, page = folder / "bench.json", folder / "bench.html"
    told = subprocess.run(
        [
            *(sys.executable, "-m", "maskstream", "bench", str(clip)),
            *("--config", str(config), "--rounds", "1", "--frames", "24"),
            *("--json", str(figures), "--html", str(page)),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Bench(told, json.loads(figures.read_text()), page.read_text())


def test_every_part_of_the_run_has_a_row(done: Bench) -> None:
    """In the order of the flow, of the clock and of the cores, with its spread."""
    parts = done.figures["parts"]

    assert [part["part"] for part in parts] == PARTS
    for part in parts:
        for kind in ("ms", "core_ms"):
            spread = part[kind]
            assert 0 < spread["least"] <= spread["median"] <= spread["most"]
        assert part["part"] in done.told


def test_the_limit_is_that_of_the_parts(done: Bench) -> None:
    """Their CPU time adds up, and the longest of them is one of them."""
    limit, parts = done.figures["limit"], done.figures["parts"]

    whole_ms = sum(part["core_ms"]["median"] for part in parts)
    longest_ms = max(part["ms"]["median"] for part in parts)
    assert limit["sum_core_ms"] == pytest.approx(whole_ms, rel=0.01)
    assert limit["longest_ms"] == pytest.approx(longest_ms, rel=0.01)
    ms = max(whole_ms / limit["cores"], longest_ms)
    assert limit["fps"] == pytest.approx(1e3 / ms, rel=0.01)
    reached = done.figures["pipeline"]["fps"]["median"] / limit["fps"]
    assert done.figures["ratio"]["median"] == pytest.approx(reached, rel=0.01)
    assert done.figures["bottleneck"] in PARTS
    assert done.figures["advice"]


def test_the_whole_run_and_its_memory_are_told(done: Bench) -> None:
    """Whole copies of the clip; memory is in MB, of a program that holds a network."""
    pipeline, program = done.figures["pipeline"], done.figures["program"]

    assert pipeline["frames"] % 24 == 0
    assert pipeline["fps"]["median"] > 0
    assert program["frames"] == pipeline["frames"]
    assert 150 < program["peak_mb"] < 1500
    assert f"peak memory {program['peak_mb']:.0f} MB" in done.told
    assert program["loading_s"] > 0


def test_each_engine_and_precision_here_is_told(done: Bench) -> None:
    """And the chosen one by batch and by size."""
    networks = done.figures["networks"]

    assert sum(one["is_chosen"] for one in networks) == 1
    assert {one["engine"] for one in networks} >= {"openvino", "torch"}
    assert {one["batch"] for one in networks} >= {1, 2, 4, 8}
    assert len({one["size"] for one in networks}) > 1


def test_latency_rises_with_its_percentile(done: Bench) -> None:
    """And a picture is encoded after it was labelled."""
    live = done.figures["live"]

    for kind in ("to_labels_ms", "to_encoded_ms"):
        assert 0 < live[kind]["p50"] <= live[kind]["p95"] <= live[kind]["p99"]
    assert live["decoded"] > 0


def test_the_machine_is_named(done: Bench) -> None:
    """With its load, the versions and the moment."""
    machine = done.figures["machine"]

    assert machine["cores"] >= 1
    assert machine["load_before"] >= 0
    assert machine["others"] >= 0
    assert machine["work_of_cores"] > 0
    assert {"maskstream", "torch", "av", "python"} <= machine["versions"].keys()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", machine["at"])


def test_the_page_needs_nothing_else(done: Bench) -> None:
    """No script, no style and no picture from anywhere."""
    assert done.page.count("<svg") == done.page.count("</svg>") == 5
    fetched = re.findall(r"(?:src|href)=|@import|url\(|<script", done.page)
    assert not fetched
    assert "clip.mp4" in done.page


def test_what_cannot_be_measured_is_told_in_one_sentence(
    run: Run, tmp_path: Path
) -> None:
    """A clip that is missing, too short, or no file."""
    short = make_clip(tmp_path / "short.mp4", frames=5)
    for clip, told in (
        (tmp_path / "none.mp4", "no such file or folder"),
        (short, "at least 16 frames are needed, there are 5"),
        ("synthetic:", "one video file is needed"),
    ):
        failed = run("bench", clip)

        assert failed.code in (1, 2)
        assert told in failed.sentence


@pytest.mark.parametrize("command", [("bench",), ("tune", "-o", "found.yaml")])
def test_a_codec_that_cannot_be_used_is_told_as_run_tells_it(
    run: Run, clip: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Before anything is measured, and as wrong usage."""
    config = tmp_path / "run.yaml"
    config.write_text("video: {preset: quickest}\n")

    name, *rest = command
    failed = run(name, clip, "--config", config, *rest)

    assert failed.code == 2
    assert "codec h264 has no preset 'quickest'" in failed.sentence


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    run: Run, clip: Path, tmp_path: Path
) -> None:
    """Nobody waits two minutes for that."""
    failed = run("bench", clip, "--json", tmp_path / "nowhere" / "bench.json")

    assert failed.code in (1, 2)
    assert "nowhere" in failed.sentence
