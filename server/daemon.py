"""The daemon's composition root: a configuration -> streams until somebody stops it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskstream.models.engines import Engine, open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.errors import ConfigError, MaskStreamError, ModelError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.shared_stages import (
    MAX_LIVE_TAKES,
    SharedStages,
    network_sizes,
    stream_of,
)
from maskstream.server.assemble import StreamAssembler
from maskstream.server.config.serve import (
    ServeConfig,
    load_serve_settings,
)
from maskstream.server.event_figures import EventFigures
from maskstream.server.http import ApiServer
from maskstream.server.life import Life
from maskstream.server.logs import set_up_logs
from maskstream.server.members import Members
from maskstream.server.metrics import DaemonFigures, ServerMetrics
from maskstream.server.network import SharedNetwork
from maskstream.server.notify import Notifier
from maskstream.server.overload import Ladder
from maskstream.server.recording_metrics import RecordingMetrics
from maskstream.server.reload import Reloader
from maskstream.server.signals import caught_signals
from maskstream.server.supervisor import Supervisor
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.network_input import network_size
from maskstream.stages.overlay_kernel import prepare_kernel
from maskstream.stages.redact_kernel import prepare_redaction

__all__ = ["Ending", "check", "serve"]


_TICK_S = 0.1
_USUAL_HW = 1080, 1920  # all of 16:9 have the same size before the network


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended."""

    exit_code: int
    is_stuck: bool
    """Threads are left that do not end; nobody should wait for them."""


def serve(path: Path) -> Ending:
    """Run the streams of a configuration until a signal comes.

    Raises:
        ConfigError: Something in the configuration cannot be used.
        ModelError: The network cannot be had.
    """
    notifier = Notifier()
    settings = load_serve_settings(path)
    config = settings.config
    set_up_logs(config.log.format, config.log.level)
    network = _find_weights(path, config)
    card = network.card
    ledger = Ledger()
    metrics = ServerMetrics(ledger)
    counts = EventCounts()
    tell = config.tell.deliveries(counts)
    assembler = StreamAssembler(
        card.classes,
        ledger,
        monotonic_clock,
        config.overload.hold,
        tell=tell,
        counts=counts,
    )
    _check_streams(path, config, assembler)
    hub = _hub(ledger)
    ladder = Ladder(
        network_sizes(config.model),
        every=config.overload.every,
        least=config.overload.least_size,
    )
    shared = _shared_network(config, network, hub, ladder, ledger, metrics)
    members = Members(
        assembler, hub, ledger, metrics, stop_deadline_s=config.stop_deadline
    )
    supervisor = Supervisor(
        settings, members, hub, shared, ladder, ledger, card.classes
    )
    metrics.registry.register(
        DaemonFigures(
            supervisor.statuses,
            lambda: ladder.scale,
            lambda: shared.num_failures,
        )
    )
    metrics.registry.register(RecordingMetrics(assembler.archives))
    metrics.registry.register(EventFigures(counts))
    reloader = Reloader(path, settings, supervisor.adopt, metrics, notifier)
    with ExitStack() as stack:
        signals = stack.enter_context(caught_signals())
        stack.enter_context(tell)
        if config.http is not None:
            stack.enter_context(
                ApiServer(
                    supervisor,
                    config.http,
                    classes=card.classes,
                    registry=metrics.registry,
                )
            )
        life = Life(supervisor, reloader, notifier, signals, config.stop_deadline)
        while life.goes_on():
            time.sleep(_TICK_S)
        if not life.is_stuck:
            shared.close()
    return Ending(life.exit_code, life.is_stuck)


def check(path: Path) -> None:
    """Raise MaskStreamError where a configuration could not be served here."""
    config = load_serve_settings(path).config
    network = _find_weights(path, config)
    network.load()
    # Without the spool, whose folders would be made.
    config.tell.model_copy(update={"spool": None}).deliveries(EventCounts())
    classes = network.card.classes
    assembler = StreamAssembler(classes, Ledger(), monotonic_clock, is_held=True)
    _check_streams(path, config, assembler)


def _find_weights(path: Path, config: ServeConfig) -> WeightsFile:
    where = str(config.model.weights or config.model.name)
    try:
        return WeightsFile.find(where)
    except ModelError as error:
        if "://" in where or where.startswith("hf:"):
            raise  # a network that is down comes back
        raise ConfigError(f"{path}: model: {error}") from error


def _check_streams(path: Path, config: ServeConfig, assembler: StreamAssembler) -> None:
    for stream, one in config.streams.items():
        try:
            assembler.check(one)
        except ConfigError as error:
            raise ConfigError(f"{path}: streams.{stream}.{error}") from error


def _hub(ledger: Ledger) -> Hub:
    def lose(stream: str, frames: int) -> None:
        ledger.dropped(stream, stage="segment", reason="engine_failed", frames=frames)

    return Hub(stream_of, on_lost=lose, is_renewable=True, max_takes=MAX_LIVE_TAKES)


def _shared_network(
    config: ServeConfig,
    network: WeightsFile,
    hub: Hub,
    ladder: Ladder,
    ledger: Ledger,
    metrics: ServerMetrics,
) -> SharedNetwork:
    def open_it() -> Engine:
        # Compiled once a machine, for half a minute: no stage should seem to hang.
        prepare_kernel()
        prepare_redaction()
        engine = open_engine(
            network,
            engine=config.model.engine,
            device=config.model.device,
            precision=config.model.precision,
            threads=config.model.threads,
        )
        _warm_up(engine, config.model.size or network_size(*_USUAL_HW))
        metrics.describe_model(name=network.card.model, engine=engine.name)
        return engine

    def build(engine: Engine) -> Pipeline:
        stages = SharedStages(
            engine,
            ladder.size,
            config.batch,
            config.overload,
            ledger,
            metrics,
            monotonic_clock,
            ladder.observe,
        )
        pipeline = stages.build(hub)
        metrics.watch(pipeline)
        return pipeline

    return SharedNetwork(hub, open_it, build)


def _warm_up(engine: Engine, size_hw: tuple[int, int]) -> None:
    """Have the network compiled for a size of picture before the first frame comes."""
    try:
        engine.submit([np.zeros((*size_hw, 3), np.uint8)], [size_hw]).labels()
    except MaskStreamError:
        engine.close()
        raise
