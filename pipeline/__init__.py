"""The machine: frames, channels, stages on threads, the ledger.

     source --Channel--> stage --Channel--> stage --Channel--> sink
                                    |
                                    +----Channel--> sink        (tee)

Pipelines of many streams share stages through a `Hub`.

It knows nothing of codecs or networks; only `app` and the command line
import the stages.
"""

from maskstream.pipeline.channel import (
    Channel,
    ChannelClosed,
    ChannelStats,
    Overflow,
)
from maskstream.pipeline.clock import Clock, ManualClock, monotonic_clock
from maskstream.pipeline.errors import (
    ConfigError,
    MaskStreamError,
    ModelError,
    PipelineError,
    SinkError,
    SourceError,
)
from maskstream.pipeline.frame import (
    Batch,
    Frame,
    InferredBatch,
    Segmentation,
    StreamFormat,
)
from maskstream.pipeline.graph import Flow, Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger, SinkAccount, StreamAccount
from maskstream.pipeline.link import Link
from maskstream.pipeline.node import StageReport
from maskstream.pipeline.stage import Inbox, Outputs, Source, Stage
from maskstream.pipeline.streams import Streams

__all__ = [
    "Batch",
    "Channel",
    "ChannelClosed",
    "ChannelStats",
    "Clock",
    "ConfigError",
    "Flow",
    "Frame",
    "Hub",
    "Inbox",
    "InferredBatch",
    "Ledger",
    "Link",
    "ManualClock",
    "MaskStreamError",
    "ModelError",
    "Outputs",
    "Overflow",
    "Pipeline",
    "PipelineError",
    "Segmentation",
    "SinkAccount",
    "SinkError",
    "Source",
    "SourceError",
    "Stage",
    "StageReport",
    "StreamAccount",
    "StreamFormat",
    "Streams",
    "monotonic_clock",
]
