"""What stands in for the sinks of a stream that has none."""

from __future__ import annotations

from dataclasses import dataclass

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs

__all__ = ["LABELS", "LabelCounter"]

LABELS = "labels"
"""Its name in the ledger."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelCounter:
    """A sink where a frame has arrived when it has its labels.

    So a stream that is only looked at has a rate, a latency and a ledger as well.
    """

    stream: str
    ledger: Ledger

    def __call__(self, inbox: Channel[Segmentation]) -> Outputs:
        """Count what ``inbox`` gives."""
        for _ in inbox:
            self.ledger.written(self.stream, LABELS)
            yield
