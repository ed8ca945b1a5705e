"""The daemon's composition root: a configuration -> streams until somebody stops it."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path

from maskstream.models.engines import Engine, open_engine
from maskstream.models.weights import load_weights
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.shared_stages import (
    MAX_LIVE_TAKES,
    SharedStages,
    network_sizes,
    stream_of,
)
from maskstream.server.assemble import StreamAssembler
from maskstream.server.config.serve import ServeConfig, load_serve_config
from maskstream.server.network import SharedNetwork
from maskstream.server.signals import caught_signals
from maskstream.server.supervisor import Supervisor

__all__ = ["serve"]

_logger = logging.getLogger(__name__)

_TICK_S = 0.1


def serve(path: Path) -> int:
    """Run the streams of a configuration until a signal comes; give the exit code.

    Raises:
        ConfigError: Something in the configuration cannot be used.
        ModelError: The network cannot be had.
    """
    config = load_serve_config(path)
    clock = monotonic_clock
    network, card = load_weights(config.model.weights or config.model.name)
    ledger = Ledger()
    metrics = Metrics(ledger)

    def lose(stream: str, num_frames: int) -> None:
        ledger.dropped(
            stream, stage="segment", reason="engine_failed", frames=num_frames
        )

    hub = Hub(
        stream_of,
        on_lost=lose,
        is_renewable=True,
        max_takes=MAX_LIVE_TAKES,
        clock=clock,
    )

    def open_it() -> Engine:
        engine = open_engine(
            network,
            engine=config.model.engine,
            device=config.model.device,
            precision=config.model.precision,
        )
        metrics.describe_model(name=card.model, engine=engine.name)
        return engine

    def build(engine: Engine) -> Pipeline:
        return _shared_stages(config, engine, ledger, metrics).build(hub)

    shared = SharedNetwork(hub, open_it, build, clock)
    supervisor = Supervisor(
        hub, shared, ledger, metrics, stop_deadline_s=config.stop_deadline
    )
    assembler = StreamAssembler(card.classes, ledger, clock, config.overload.hold)
    for stream, one in config.streams.items():
        supervisor.add(stream, partial(assembler.assemble, stream, one))
    with caught_signals() as signals:
        while not supervisor.has_ended and shared.failure is None:
            if signals.num_stops > 1:
                supervisor.cancel()
            elif signals.num_stops:
                supervisor.drain()
            supervisor.tick()
            time.sleep(_TICK_S)
    shared.close()
    return 1 if shared.failure or supervisor.num_unbalanced else 0


def _shared_stages(
    config: ServeConfig, engine: Engine, ledger: Ledger, metrics: Metrics
) -> SharedStages:
    return SharedStages(
        engine,
        network_sizes(config.model),
        config.batch,
        config.overload,
        ledger,
        metrics,
        monotonic_clock,
    )
