"""What recordings tell Prometheus: files, bytes, and the disks that they are on."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maskstream.stages.recording.archive import Archives

__all__ = ["RecordingMetrics"]


class RecordingMetrics(Collector):
    """The metrics of all archives of a process; to be registered."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    def collect(self) -> Iterable[Metric]:
        """Ask the archives and their disks."""
        free = GaugeMetricFamily(
            "maskstream_disk_free_bytes",
            "Room on the disk of a folder of recordings.",
            labels=["path"],
        )
        size = GaugeMetricFamily(
            "maskstream_disk_size_bytes", "Size of that disk.", labels=["path"]
        )
        kept = GaugeMetricFamily(
            "maskstream_recordings_bytes",
            "Recordings in the folder; counted little by little after the start.",
            labels=["path"],
        )
        deleted = CounterMetricFamily(
            "maskstream_segments_deleted",
            "Files of recordings that were deleted by retention.",
            labels=["path"],
        )
        segments = CounterMetricFamily(
            "maskstream_segments",
            "Files of recordings that were ended.",
            labels=["stream", "sink"],
        )
        num_bytes = CounterMetricFamily(
            "maskstream_output_bytes",
            "Bytes of the files that were ended.",
            labels=["stream", "sink"],
        )
        for archive in self._archives.all():
            path = str(archive.folder)
            with suppress(OSError):  # without a folder there is nothing to tell
                disk = shutil.disk_usage(archive.folder)
                free.add_metric([path], disk.free)
                size.add_metric([path], disk.total)
            kept.add_metric([path], archive.num_bytes)
            deleted.add_metric([path], archive.num_deleted)
            for (stream, kind), ended in archive.ended().items():
                segments.add_metric([stream, kind], ended.num_files)
                num_bytes.add_metric([stream, kind], ended.num_bytes)
        yield from (free, size, kept, deleted, segments, num_bytes)
