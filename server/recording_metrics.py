"""What recordings tell Prometheus: files, bytes, and the disks that they are on."""

from __future__ import annotations

import shutil
from collections import Counter
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
        # A stream whose folder was changed is in the archives of both.
        all_files, all_bytes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for archive in self._archives.all():
            path = str(archive.folder)
            with suppress(OSError):  # without a folder there is nothing to tell
                disk = shutil.disk_usage(archive.folder)
                free.add_metric([path], disk.free)
                size.add_metric([path], disk.total)
            kept.add_metric([path], archive.num_bytes)
            deleted.add_metric([path], archive.num_deleted)
            for key, ended in archive.ended().items():
                all_files[key] += ended.num_files
                all_bytes[key] += ended.num_bytes
        for key, count in all_files.items():
            segments.add_metric(key, count)
            num_bytes.add_metric(key, all_bytes[key])
        yield from (free, size, kept, deleted, segments, num_bytes)
