"""Decode an input in a test, as a pipeline would, without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.decode import Decoder
from maskstream.stages.passthrough import Passthrough
from maskstream.stages.source import expand_inputs

__all__ = ["Decoded", "decode", "decoder", "pts_of"]


class Decoded(NamedTuple):
    """What came of an input."""

    frames: list[Frame]
    num_decoded: int
    """As the ledger counts."""
    notes: Mapping[str, int]
    """Of the ledger."""
    passthrough: Passthrough


def decoder(given: str | Path, ledger: Ledger, **settings: Any) -> Decoder:
    """Make a decoder of one INPUT; its stream is ``cam``."""
    (source,) = expand_inputs([str(given)])
    return Decoder(source, "cam", ledger, ManualClock(), **settings)


def decode(given: str | Path, **settings: Any) -> Decoded:
    """Decode one INPUT to its end."""
    ledger = Ledger()
    ledger.open("cam", ["video"])
    passthrough = Passthrough("cam", ledger)
    settings.setdefault("passthroughs", (passthrough,))
    frames = list(decoder(given, ledger, **settings)())
    account = ledger.accounts()["cam"]
    return Decoded(frames, account.decoded, account.notes, passthrough)


def pts_of(frames: list[Frame]) -> list[int]:
    """List the pts of frames."""
    return [frame.pts for frame in frames]
