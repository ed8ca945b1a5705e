"""Settings of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.recording import RecordingConfig
from maskstream.stages.recording.archive import Archives
from tests.recordings import Camera, finished, record


def parse(**settings: Any) -> RecordingConfig:
    """Check settings as the daemon does."""
    return check_settings(RecordingConfig, settings)


def test_nothing_need_be_said() -> None:
    """Video is recorded, five minutes a file."""
    config = parse()

    config.check()
    assert config.kinds == ("video",)
    assert config.length == 300


def test_times_and_sizes_have_units(tmp_path: Path) -> None:
    """As in the rest of the configuration."""
    config = parse(
        folder=str(tmp_path),
        length="10m",
        min_free="500M",
        retention={"max_age": "7d", "max_bytes": "1.5GiB", "max_disk_share": None},
    )

    archive = config.archive(Archives())

    assert config.length == 600
    assert archive.min_free_bytes == 500_000_000
    assert archive.retention.max_age_s == 604_800
    assert archive.retention.max_bytes == 1_610_612_736
    assert archive.retention.max_disk_share is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"length": "7m"}, "segments must last from 1 s to a day and divide the day"),
        ({"pattern": "../{stream}/%Y-%m-%d_%H-%M-%S"}, "begin with a full stop"),
        ({"pattern": "{stream}/%H-%M-%S"}, "began 86400 s before"),
        ({"video": False}, "at least one of video, mask and records"),
        ({"min_free": "lots"}, "min_free: could not parse"),
        ({"container": "avi"}, "container: input should be 'mp4' or 'mkv'"),
        ({"retention": {"max_days": 3}}, "unknown key 'retention.max_days'"),
        ({"folder": "s3://bucket/x"}, "a file or folder is needed, got a URL"),
    ],
)
def test_what_cannot_be_is_one_sentence(settings: Any, sentence: str) -> None:
    """Before anything is recorded."""
    with pytest.raises(ConfigError) as caught:
        parse(**settings)

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_codec_that_this_machine_lacks_is_refused() -> None:
    """When the configuration is checked, not when the first frame comes."""
    with pytest.raises(ConfigError, match="codec h264 has no preset 'warp'"):
        parse(preset="warp").check()


@pytest.mark.slow
def test_each_kind_is_a_sink(tmp_path: Path) -> None:
    """All of one folder share its archive."""
    config = parse(
        folder=str(tmp_path / "rec"), mask=True, records=True, crf=30, min_free="0"
    )
    archives = Archives()
    items = Camera(tmp_path / "clips").take(0, 1)

    for kind in config.kinds:
        ledger = Ledger()
        ledger.open("cam", [kind])
        states: list[str] = []
        sink = config.recorder(
            kind,
            "cam",
            config.archive(archives),
            CAMVID,
            ledger,
            clock=ManualClock(),
            on_state=states.append,
        )
        record(sink, items)
        assert states == ["ok"]

    (archive,) = archives.all()
    assert {it["file"] for it in finished(archive)} == {
        f"cam/2026-11-28/12-00-00{suffix}"
        for suffix in (".mp4", ".masks.mkv", ".jsonl")
    }
