"""Keyframes that come in parts."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet

from maskstream.stages.live.keyframes import join_keyframes

START = b"\0\0\0\1"


@pytest.fixture(scope="module")
def coded() -> list[Packet[Any]]:
    """Two keyframes of H.264 in four slices, each with one more picture after it."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 256, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    sliced = "slices=4:sliced-threads=0:keyint=2:scenecut=0"
    encoder.options = {"tune": "zerolatency", "x264-params": sliced}
    noise = np.random.default_rng(0)
    packets = []
    for pts in range(4):
        pixels = noise.integers(0, 256, (384, 64), np.uint8)
        picture = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        picture.pts = pts
        packets += encoder.encode(picture)
    for packet in packets:
        packet.stream = stream()
    return packets


def stream() -> Any:
    """Any stream: packets of a real container have one."""
    return av.open("testsrc2=size=16x16", format="lavfi").streams.video[0]


def parts_of(packet: Packet[Any]) -> list[Packet[Any]]:
    """Part a keyframe as a payloader does that repeats the sets before each slice."""
    units = [
        bytes(START + unit.rstrip(b"\0"))
        for unit in bytes(packet).replace(START, START[1:]).split(START[1:])[1:]
    ]
    sets = b"".join(unit for unit in units if unit[4] & 31 in {7, 8})
    return [like(packet, sets + unit) for unit in units if unit[4] & 31 == 5]


def like(packet: Packet[Any], data: bytes) -> Packet[Any]:
    """Make a packet that differs in what it holds."""
    made: Packet[Any] = Packet(data)
    made.stream, made.pts, made.dts = packet.stream, packet.pts, packet.dts
    made.time_base, made.is_keyframe = packet.time_base, packet.is_keyframe
    return made


def decoded(packets: list[Packet[Any]]) -> list[np.ndarray]:
    """Decode in a decoder of its own."""
    decoder = av.CodecContext.create("h264", "r")
    pictures = [one for packet in packets for one in decoder.decode(packet)]
    return [one.to_ndarray() for one in [*pictures, *decoder.decode(None)]]


def test_a_keyframe_in_parts_is_joined(coded: list[Packet[Any]]) -> None:
    """With the time of that part of which one is known."""
    first, second, third, fourth = coded
    parts = [*parts_of(first), second, *parts_of(third), fourth]
    parts[0].pts = None

    joined = list(join_keyframes(parts, "h264"))

    assert len(parts) == 10
    assert [one.pts for one in joined] == [0, 1, 2, 3]
    assert [one.is_keyframe for one in joined] == [True, False, True, False]
    for one, other in zip(decoded(joined), decoded(coded), strict=True):
        assert (one == other).all()


def test_a_keyframe_without_its_beginning_is_corrupt(coded: list[Packet[Any]]) -> None:
    """And so is nothing else."""
    first, second, third, fourth = coded
    parts = [first, second, *parts_of(third)[1:], fourth, first, second]

    joined = list(join_keyframes(parts, "h264"))

    corrupt = [one.is_corrupt for one in joined]
    assert corrupt == [False, False, True, True, True, False, False, False]


def test_whole_keyframes_are_held_back_once(coded: list[Packet[Any]]) -> None:
    """The next packet shows that no more of them comes."""
    taken: list[Packet[Any]] = []

    def take() -> Iterator[Packet[Any]]:
        for packet in coded:
            taken.append(packet)
            yield packet

    num_taken = [len(taken) for _ in join_keyframes(take(), "h264")]

    assert num_taken == [2, 2, 3, 4]


def test_what_is_held_back_comes_before_an_error(coded: list[Packet[Any]]) -> None:
    """Who reads on after a time limit has missed nothing."""

    def take() -> Iterator[Packet[Any]]:
        yield coded[0]
        raise av.error.TimeoutError(0, "")

    packets = join_keyframes(take(), "h264")

    assert next(packets) is coded[0]
    with pytest.raises(av.error.TimeoutError):
        next(packets)
