"""What a recorder says when it cannot write."""

from __future__ import annotations

from pathlib import Path

from maskstream.stages.recording.disk_full import DiskFullError
from maskstream.stages.recording.health import sentence


def test_the_sentence_of_a_full_disk_has_sizes_that_can_be_read() -> None:
    """No "0.0 mb"; the folder keeps its letters."""
    full = DiskFullError(12_000, 3_000_000, Path("/srv/Rec"))
    fuller = DiskFullError(0, 1_250_000_000, Path("/srv/Rec"))

    assert [sentence(error, Path("/srv/Rec")) for error in (full, fuller)] == [
        "disk full: /srv/Rec: 12 kB free, 3.0 MB needed",
        "disk full: /srv/Rec: 0 kB free, 1.25 GB needed",
    ]


def test_the_systems_own_sentence_begins_small() -> None:
    """As every sentence of the project does."""
    error = OSError(5, "Input/output error")

    told = sentence(error, Path("rec"))

    assert told == "disk failed: rec: input/output error"
