from __future__ import annotations

import shutil
from pathlib import Path

from prometheus_client import CollectorRegistry

from maskstream.server.recording_metrics import RecordingMetrics
from maskstream.stages.recording.archive import Archives
from maskstream.stages.recording.janitor import Retention
from tests.recordings import NOON, Camera, add, begin, record, recorder


def test_files_and_disks_are_told(tmp_path: Path) -> None:
    """By folder, and by stream and sink; a folder that is gone has no disk."""
    archives = Archives(wall_clock=lambda: NOON)
    registry = CollectorRegistry()
    registry.register(RecordingMetrics(archives))
    archive = archives.open(tmp_path / "rec", Retention(), 0)
    record(recorder(archive), Camera(tmp_path / "clips").take(59, 60, 61))
    archive.sweep()
    folder = {"path": str(tmp_path / "rec")}
    cam = {"stream": "cam", "sink": "video"}

    total = registry.get_sample_value("maskstream_disk_size_bytes", folder)
    free = registry.get_sample_value("maskstream_disk_free_bytes", folder)
    kept = registry.get_sample_value("maskstream_recordings_bytes", folder)
    written = registry.get_sample_value("maskstream_output_bytes_total", cam)
    archive.retention = Retention(max_bytes=0)
    archive.sweep()
    shutil.rmtree(tmp_path / "rec")

    assert total == shutil.disk_usage(tmp_path).total
    assert free is not None
    assert 0 < free < total
    assert kept == written
    assert registry.get_sample_value("maskstream_segments_total", cam) == 2
    assert registry.get_sample_value("maskstream_segments_deleted_total", folder) == 2
    assert registry.get_sample_value("maskstream_disk_free_bytes", folder) is None


def test_a_stream_that_is_gone_is_told_of_no_more(tmp_path: Path) -> None:
    """Not even when its last file is ended late; one that comes again begins anew."""
    archives = Archives(wall_clock=lambda: NOON)
    registry = CollectorRegistry()
    registry.register(RecordingMetrics(archives))
    old, new = (archives.open(tmp_path / name, Retention(), 0) for name in "ab")
    add(old, "cam/1.mp4", NOON)
    add(new, "cam/2.mp4", NOON)
    late = begin(new, "cam/3.mp4", NOON)
    cam = {"stream": "cam", "sink": "video"}

    num_files = registry.get_sample_value("maskstream_segments_total", cam)
    archives.forget("cam")
    new.end(late)
    num_late = registry.get_sample_value("maskstream_segments_total", cam)
    add(new, "cam/4.mp4", NOON)

    assert num_files == 2
    assert num_late is None
    assert registry.get_sample_value("maskstream_segments_total", cam) == 1
