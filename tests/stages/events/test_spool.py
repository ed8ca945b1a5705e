"""What waits: in order, bounded, and there after a restart."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from maskstream.stages.events.spool import Spool


def drain(spool: Spool) -> list[bytes]:
    """Take everything out."""
    bodies = []
    while message := spool.first(timeout_s=0):
        bodies.append(message.body)
        assert spool.remove(message)
    return bodies


@pytest.mark.parametrize("is_on_disk", [False, True])
def test_messages_come_out_in_order(tmp_path: Path, is_on_disk: bool) -> None:
    """And are gone then, from the folder too."""
    spool = Spool(tmp_path / "spool" if is_on_disk else None, capacity=20)
    bodies = [b"{%d}" % number for number in range(12)]
    for body in bodies:
        spool.put(body)

    assert drain(spool) == bodies
    assert spool.first(timeout_s=0) is None
    assert not list(tmp_path.glob("spool/*.json"))


def test_the_oldest_make_room(tmp_path: Path) -> None:
    """As many as it takes, and they are counted; one under way may be among them."""
    spool = Spool(tmp_path, capacity=2)
    assert [spool.put(body) for body in (b"{1}", b"{2}")] == [0, 0]
    under_way = spool.first(timeout_s=0)
    assert under_way is not None

    assert [spool.put(body) for body in (b"{3}", b"{4}")] == [1, 1]

    assert not spool.remove(under_way)
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert drain(spool) == [b"{3}", b"{4}"]


def test_what_waited_is_there_after_a_restart(tmp_path: Path) -> None:
    """Before what comes then; what a kill or a loss of power cut through is not."""
    first = Spool(tmp_path, capacity=10)
    for body in (b"{1}", b"{2}", b"{3}"):
        first.put(body)
    (tmp_path / "000000000002.json").write_bytes(b"")
    (tmp_path / "000000000004.json.new").write_bytes(b"{4")

    first.close()
    second = Spool(tmp_path, capacity=10)
    second.put(b"{5}")

    assert drain(second) == [b"{1}", b"{3}", b"{5}"]
    assert not list(tmp_path.glob("*.json*"))


def test_a_spool_of_another_process_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two would tell everything twice; the second keeps its own in memory."""
    first = Spool(tmp_path, capacity=10)
    first.put(b"{1}")

    second = Spool(tmp_path, capacity=10)
    second.put(b"{2}")

    assert drain(second) == [b"{2}"]
    assert caplog.messages == [
        f"{tmp_path}: another process keeps its events in it, give each a folder of "
        "its own; events wait in memory"
    ]
    assert drain(first) == [b"{1}"]


def test_what_cannot_be_written_waits_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line tells of it."""
    folder = tmp_path / "spool"
    spool = Spool(folder, capacity=10)
    shutil.rmtree(folder)

    with caplog.at_level(logging.WARNING):
        spool.put(b"{1}")
        spool.put(b"{2}")

    assert len(caplog.messages) == 1
    assert "events wait in memory" in caplog.messages[0]
    assert drain(spool) == [b"{1}", b"{2}"]
