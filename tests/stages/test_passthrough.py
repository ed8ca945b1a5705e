"""Packets beside the video: every one arrives, on time, at every sink."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.passthrough import Passthrough
from tests.clips import make_clip
from tests.decoding import decode


def packet_at(milliseconds: int, content: bytes = b"sound") -> Any:
    """Make a packet to be decoded at a time."""
    packet: Any = av.Packet(content)
    packet.time_base = Fraction(1, 1000)
    packet.pts = packet.dts = milliseconds
    return packet


def times_of(packets: Iterable[Any]) -> list[int]:
    """List the dts of packets."""
    return [packet.dts for packet in packets]


def stored_packets(path: Path) -> dict[int, list[tuple[int | None, bytes]]]:
    """Read the pts and bytes of the packets beside the video, by stream."""
    with av.open(str(path)) as container:
        beside = [stream for stream in container.streams if stream.type != "video"]
        packets: dict[int, list[tuple[int | None, bytes]]] = {}
        for packet in container.demux(*beside):
            if packet.size:
                stored = packets.setdefault(packet.stream_index, [])
                stored.append((packet.pts, bytes(packet)))
        return packets


def test_packets_are_taken_up_to_a_time_in_order() -> None:
    """The rest stays for later."""
    passthrough = Passthrough("cam", Ledger())
    for time in (0, 40, 20, 60):
        passthrough.put(packet_at(time))

    assert times_of(passthrough.take_until(0.04)) == [0, 20, 40]
    assert times_of(passthrough.take_until(0.04)) == []
    assert times_of(passthrough.take_rest()) == [60]


def test_a_line_far_ahead_holds_back_nothing() -> None:
    """Subtitles may be stored long before they are shown."""
    passthrough = Passthrough("cam", Ledger())
    passthrough.put(packet_at(60_000, b"the end"))
    passthrough.put(packet_at(20))

    assert times_of(passthrough.take_until(1.0)) == [20]


def test_packets_of_one_time_keep_their_order() -> None:
    """As they were put."""
    passthrough = Passthrough("cam", Ledger())
    for content in (b"first", b"second", b"third"):
        passthrough.put(packet_at(40, content))

    assert list(map(bytes, passthrough.take_rest())) == [b"first", b"second", b"third"]


def test_what_does_not_fit_is_lost_and_noted() -> None:
    """It never waits, and never grows without end; what is taken makes room."""
    ledger = Ledger()
    ledger.open("cam", ["video"])
    passthrough = Passthrough("cam", ledger, capacity_bytes=10)
    for time in (0, 20, 40):
        passthrough.put(packet_at(time, b"12345"))

    taken = times_of(passthrough.take_rest())
    passthrough.put(packet_at(60, b"12345"))

    assert taken == [0, 20]
    assert times_of(passthrough.take_rest()) == [60]
    assert ledger.accounts()["cam"].notes == {"passthrough_overflow": 1}


def test_a_sink_that_has_left_is_given_nothing() -> None:
    """The decoder goes on for the others."""
    passthrough = Passthrough("cam", Ledger())
    passthrough.put(packet_at(0))

    passthrough.cancel()
    passthrough.put(packet_at(20))

    assert passthrough.take_rest() == []


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_every_packet_of_every_stream_arrives(tmp_path: Path, suffix: str) -> None:
    """Unchanged in content and time, with the index of its template."""
    path = make_clip(tmp_path / f"clip{suffix}", audio=2, subtitles=True)

    decoded = decode(path)

    arrived: dict[int, list[tuple[int | None, bytes]]] = {}
    for packet in decoded.passthrough.take_rest():
        arrived.setdefault(packet.stream_index, []).append((packet.pts, bytes(packet)))
    stored = stored_packets(path)
    assert [arrived[index] for index in range(3)] == [stored[key] for key in (1, 2, 3)]
    sides = decoded.frames[0].format.side_streams
    assert [side.index for side in sides] == [0, 1, 2]


def test_packets_and_templates_outlive_their_container(
    rich_clip: Path, tmp_path: Path
) -> None:
    """A sink muxes them when the input is closed and gone."""
    decoded = decode(rich_clip)

    with av.open(str(tmp_path / "copy.mkv"), "w") as copy:
        streams = []
        for template in decoded.frames[0].format.side_streams:
            stream = copy.add_stream_from_template(template)
            stream.metadata.update(template.metadata)
            streams.append(stream)
        for packet in decoded.passthrough.take_rest():
            packet.stream = streams[packet.stream_index]
            copy.mux(packet)

    with av.open(str(tmp_path / "copy.mkv")) as copy:
        languages = [stream.metadata["language"] for stream in copy.streams]
    assert languages == ["eng", "deu", "eng"]
    copied, stored = stored_packets(tmp_path / "copy.mkv"), stored_packets(rich_clip)
    assert list(copied.values()) == list(stored.values())


def test_two_sinks_get_packets_of_their_own(rich_clip: Path) -> None:
    """A muxer rewrites the times of the packets that it is given."""
    one, other = Passthrough("cam", Ledger()), Passthrough("cam", Ledger())
    decode(rich_clip, passthroughs=(one, other))

    taken, same = one.take_rest(), other.take_rest()
    before = times_of(same)
    for packet in taken:
        packet.pts = packet.dts = packet.duration = 0

    assert times_of(same) == before
    assert list(map(bytes, taken)) == list(map(bytes, same))
    assert [p.is_keyframe for p in taken] == [p.is_keyframe for p in same]
    assert all(packet.duration for packet in same)


def test_without_a_sink_for_them_nothing_is_read(rich_clip: Path) -> None:
    """Pictures alone are decoded the same."""
    assert len(decode(rich_clip, passthroughs=()).frames) == 20
