"""Packets that did not come, by what FFmpeg says of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av.logging
from av.packet import Packet

from maskstream.stages.live.losses import hear_losses
from maskstream.stages.live.sources import live_source

CAMERA = live_source("rtsp://camera/main")
MISSED = "RTP: missed 2 packets\n"


def make_packet(second: int) -> Packet[Any]:
    """A keyframe, for one that does not look into it."""
    packet: Packet[Any] = Packet(b"picture")
    packet.pts, packet.time_base = second * 90_000, Fraction(1, 90_000)
    packet.is_keyframe = True
    return packet


def packets(behind_a_gap: set[int]) -> Iterator[Packet[Any]]:
    """Five packets, some of which come as FFmpeg tells of a loss."""
    for second in range(5):
        if second in behind_a_gap:
            av.logging.log(av.logging.WARNING, "rtsp", MISSED)
        yield make_packet(second)


def test_the_packet_at_a_gap_is_corrupt() -> None:
    """Two losses that are told in the same words are two."""
    with hear_losses(CAMERA) as losses:
        marked = list(losses.mark(packets({2, 3})))

    assert [one.is_corrupt for one in marked] == [False, False, True, True, False]
    assert losses.num_missed == 4


def test_what_was_read_ahead_of_a_loss_holds_no_keyframe() -> None:
    """Where in it something is missing nobody knows."""
    with hear_losses(CAMERA) as losses:
        av.logging.log(av.logging.WARNING, "rtsp", MISSED)
        losses.distrust_opening(2.5)
        marked = list(losses.mark(packets(set())))

    assert [one.is_keyframe for one in marked] == [False, False, False, True, True]


def test_nothing_is_distrusted_where_nothing_was_lost() -> None:
    """Nor does anybody listen to what does not come over RTP."""
    with hear_losses(CAMERA) as losses:
        losses.distrust_opening(2.5)
        marked = list(losses.mark(packets(set())))
    with hear_losses(live_source("http://camera/main")) as losses:
        marked += losses.mark(packets({1}))

    assert all(one.is_keyframe and not one.is_corrupt for one in marked)
