from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskstream.models.replacing import replacing
from maskstream.pipeline.errors import SinkError


def write_half(path: Path, and_fail: Callable[[], object]) -> None:
    """Begin to write a file, and meet a failure."""
    with replacing(path) as part:
        part.write_text("half")
        and_fail()


def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path) -> None:
    """Until then the old one is there."""
    path = tmp_path / "a"
    path.write_text("old")

    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = tmp_path / "a"
    path.write_text("old")

    with pytest.raises(SinkError, match="a cannot be written: no space left"):
        write_half(path, and_fail=lambda: Path("/dev/full").write_text("the rest"))

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_no_part(tmp_path: Path) -> None:
    """Whatever it is."""
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a", and_fail=lambda: 1 // 0)

    assert not list(tmp_path.iterdir())
