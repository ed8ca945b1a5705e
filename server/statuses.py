"""A stream's status, put together of its life, its vitals and its account."""

from __future__ import annotations

from maskstream.models.classes import ClassTable
from maskstream.pipeline.ledger import StreamAccount
from maskstream.server.members import Member
from maskstream.server.status import State, StreamStatus
from maskstream.stages.credentials import mask_credentials

__all__ = ["status_of"]


def status_of(
    member: Member, account: StreamAccount, classes: ClassTable, scale: float
) -> StreamStatus:
    """Say how a stream is now.

    Args:
        member: The stream.
        account: Its frames.
        classes: Of the network.
        scale: The share of each side that the network's input has (`Ladder`).
    """
    phase, vitals = member.life.phase, member.vitals
    source = vitals.source
    is_running = phase.state is State.CONNECTING
    fps_in, fps_out = vitals.rates()
    sinks = vitals.sinks
    last, form = vitals.last, source.form
    return StreamStatus(
        stream=member.stream,
        state=source.state if is_running else phase.state,
        source=mask_credentials(member.config.source.url),
        since=max(source.since, phase.since) if is_running else phase.since,
        account=account,
        reason=source.reason if is_running else None,
        message=source.message if is_running else phase.message,
        retry_in_s=vitals.retry_in_s if is_running else None,
        reconnects=vitals.lost,
        num_crashes=member.life.num_crashes,
        size_hw=None if form is None else (form.height, form.width),
        network_hw=None if last is None else last.network_hw,
        fps_in=round(fps_in, 2),
        fps_out=round(fps_out, 2),
        latency_s=vitals.latencies(),
        capture_delay_s=vitals.capture_delay_s,
        overload=vitals.overload(scale),
        last_frame_at=vitals.last_frame_at,
        shares=vitals.shares(classes),
        sinks={sink: sinks.get(sink, "ok") for sink in account.sinks},
    )
