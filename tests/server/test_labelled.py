"""A stream that nobody records or publishes."""

from __future__ import annotations

from collections.abc import Mapping

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.ledger import Ledger
from maskstream.server.assemble import StreamAssembler
from maskstream.server.config.stream import parse_stream
from maskstream.server.labelled import LabelCounter
from maskstream.server.vitals import Vitals
from tests.server.frames import frame_at, labelled


def test_a_frame_has_arrived_when_it_has_its_labels() -> None:
    """The ledger says so, and balances."""
    ledger = Ledger()
    ledger.open("front", ["labels"])
    for _ in range(3):
        ledger.decoded("front")
    items = [labelled(frame_at(index)) for index in range(3)]

    list(LabelCounter("front", ledger)(Channel.of(*items)))

    account = ledger.account("front")
    assert account.written == 3
    assert account.is_balanced


def test_it_counts_only_where_there_is_no_sink() -> None:
    """A sink of the configuration takes its place."""
    assembler = StreamAssembler(CAMVID, Ledger(), ManualClock(), is_held=True)
    source = {"source": "synthetic+live:testsrc2"}
    recorded = {**source, "recording": {"folder": "rec"}}

    def sinks_of(settings: Mapping[str, object]) -> tuple[str, ...]:
        config = parse_stream(settings, origin="stream front")
        return assembler.assemble("front", config, Vitals()).stages.sinks

    assert sinks_of(source) == ("labels",)
    assert sinks_of(recorded) == ("video",)
