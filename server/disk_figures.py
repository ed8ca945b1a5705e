"""What is known of the folders that are recorded to, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maskstream.stages.recording.archive import Archive

__all__ = ["DiskFigures"]


class DiskFigures(Collector):
    """Asks each archive when somebody scrapes.

    Args:
        archives: Those that are there now.
    """

    def __init__(self, archives: Callable[[], Sequence[Archive]]) -> None:
        self._archives = archives

    def collect(self) -> Iterable[Metric]:
        """Say how much room there is, what takes it and what was deleted."""
        free = GaugeMetricFamily(
            "maskstream_disk_free_bytes",
            "Room where recordings go; absent while the folder is.",
            labels=["path"],
        )
        used = GaugeMetricFamily(
            "maskstream_disk_used_bytes",
            "Bytes of the finished recordings.",
            labels=["path"],
        )
        deleted = CounterMetricFamily(
            "maskstream_segments_deleted",
            "Recordings deleted to keep within the limits.",
            labels=["path"],
        )
        for archive in self._archives():
            path = [str(archive.folder)]
            with suppress(OSError):
                free.add_metric(path, archive.free_bytes())
            used.add_metric(path, archive.num_bytes)
            deleted.add_metric(path, archive.num_deleted)
        return free, used, deleted
