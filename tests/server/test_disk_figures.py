"""What Prometheus is told of the folders that are recorded to."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from maskstream.server.disk_figures import DiskFigures
from maskstream.stages.recording.archive import Archive


def test_each_folder_says_its_room(tmp_path: Path) -> None:
    """Free bytes as the file system has them, and nothing recorded yet."""
    archive = Archive(tmp_path)
    registry = CollectorRegistry()
    registry.register(DiskFigures(lambda: [archive]))

    labels = {"path": str(tmp_path)}
    free = registry.get_sample_value("maskstream_disk_free_bytes", labels)

    assert free is not None
    assert free > 0
    for name in ("maskstream_disk_used_bytes", "maskstream_segments_deleted_total"):
        assert registry.get_sample_value(name, labels) == 0


def test_a_folder_that_is_gone_does_not_spoil_the_scrape(tmp_path: Path) -> None:
    """Its free room is left out, so that no alert takes it for none."""
    archive = Archive(tmp_path / "unmounted")
    registry = CollectorRegistry()
    registry.register(DiskFigures(lambda: [archive]))

    labels = {"path": str(tmp_path / "unmounted")}
    free = registry.get_sample_value("maskstream_disk_free_bytes", labels)

    assert free is None
