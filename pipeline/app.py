"""The composition root: a configuration -> a run, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from maskstream.models.card import ModelCard
from maskstream.models.engines import Engine, open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.errors import MaskStreamError, PipelineError, SinkError
from maskstream.pipeline.interrupts import Interrupts
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import StreamPlan, plan_streams
from maskstream.pipeline.streams import Streams
from maskstream.pipeline.summary import (
    Outcome,
    RunSummary,
    StageTime,
    StreamSummary,
    stage_times,
)
from maskstream.stages.codecs import check_codec
from maskstream.stages.nvdec import check_nvdec
from maskstream.stages.output import explain_failure, partial_name
from maskstream.stages.source import expand_inputs

__all__ = ["execute", "find_network", "segment_video"]

_TICK_S = 0.2
_DRAIN_DEADLINE_S = 30.0

Watch = Callable[[StreamPlan, Ledger, float], None]
"""Told of each running stream now and then: its account, and the seconds so far."""


def execute(
    config: RunConfig,
    *,
    interrupts: Interrupts | None = None,
    watch: Watch | None = None,
    clock: Clock = monotonic_clock,
) -> RunSummary:
    """Run ``config`` to its end and account for every frame.

    Files run one after another; a file that fails does not stop the next. Live sources
    run together.

    Raises:
        ConfigError: Something cannot be as it was asked; nothing has been written.
        SourceError: An input names nothing that could be opened.
        ModelError: The network or its engine cannot be had.
    """
    plans = plan_streams(config, expand_inputs(config.inputs))
    for suffix in {plan.video.suffix for plan in plans if plan.video is not None}:
        check_codec(config.video.codec, config.video.options, suffix)
    if config.decoder == "nvdec":
        check_nvdec()
    network = find_network(config)
    card = network.card
    ledger = Ledger()
    metrics = Metrics(ledger)
    with ExitStack() as stack:
        if config.metrics_port is not None:
            stack.enter_context(metrics.serve(config.metrics_port))
        engine = stack.enter_context(
            closing(
                open_engine(
                    network,
                    engine=config.model.engine,
                    device=config.model.device,
                    precision=config.model.precision,
                    threads=config.model.threads,
                )
            )
        )
        metrics.describe_model(name=card.model, engine=engine.name)
        reserved = frozenset(path for plan in plans for path in plan.outputs.values())
        assembler = Assembler(
            config, engine, card.classes, ledger, metrics, clock, reserved
        )
        run = _Run(assembler, interrupts or Interrupts(), watch, clock)
        for group in _groups(plans):
            run.add(group)
        summary = run.summarise(card)
    return summary if config.summary is None else _keep(summary, config.summary)


def find_network(config: RunConfig) -> WeightsFile:
    """Find the network that ``config`` names, and look up the classes that it hides.

    Raises:
        ConfigError: A class is not one of the network's.
        ModelError: The weights cannot be had.
    """
    network = WeightsFile.find(config.model.weights or config.model.name)
    for name in config.overlay.hide:
        network.card.classes.index(name)
    return network


def segment_video(
    source: str | Path,
    output: str | Path | None = None,
    *,
    mask: str | Path | None = None,
    records: str | Path | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> RunSummary:
    """Segment one video from Python; the same as ``maskstream run``.

    Args:
        source: A file, a folder of pictures, a URL or ``sample:street``.
        output: Annotated video.
        mask: Mask track (.mkv), to be read with `maskstream.open_masks`.
        records: JSONL.
        overwrite: Existing files may be replaced.
        settings: Further keys of a configuration file, such as
            ``model={"engine": "torch"}`` or ``overlay={"alpha": 0.3}``.

    Raises:
        MaskStreamError: What was asked cannot be done, or (`PipelineError`) the run
            failed; what was written by then keeps its partial name.
    """
    config = parse_config(
        {
            **settings,
            "inputs": (str(source),),
            "output": output,
            "mask": mask,
            "records": records,
            "overwrite": overwrite,
        }
    )
    summary = execute(config)
    if summary.outcome is not Outcome.DONE:
        raise PipelineError(
            f"{source} was not segmented", [MaskStreamError(e) for e in summary.errors]
        )
    return summary


@dataclass(slots=True, eq=False)
class _Run:
    """Runs one graph after another and adds up what they did."""

    assembler: Assembler
    interrupts: Interrupts
    watch: Watch | None
    clock: Clock
    streams: dict[str, StreamSummary] = field(default_factory=dict)
    stages: dict[str, StageTime] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, plans: Sequence[StreamPlan]) -> None:
        """Run the graph of ``plans``, unless somebody asked to stop before."""
        if self.interrupts.is_requested:
            return
        ledger, metrics = self.assembler.ledger, self.assembler.metrics
        running = self.assembler.build(plans)
        metrics.watch(*running.pipelines)
        started_at, cpu_started_at = self.clock(), time.process_time()
        try:
            self._wait(running, plans)
        except PipelineError as error:
            self.errors += _sentences(error)
            ledger.settle(stage=running.failed_stage or "run", reason="failed")
        else:
            if running.is_cancelled:
                ledger.settle(stage="run", reason="cancelled")
        metrics.unwatch(*running.pipelines)
        seconds = self.clock() - started_at
        self.seconds += seconds
        self.cpu_seconds += time.process_time() - cpu_started_at
        accounts = ledger.accounts()
        for plan in plans:
            account = accounts[plan.stream]
            if not account.is_balanced:
                self.errors.append(
                    f"{plan.source}: the ledger does not balance, "
                    f"{dict(account.in_flight)} frames have no outcome"
                )
            self.streams[plan.stream] = StreamSummary(
                source=str(plan.source),
                account=account,
                seconds=seconds,
            )
        for name, times in stage_times(running.reports()).items():
            self.stages[name] = self.stages.get(name, StageTime()) + times

    def summarise(self, card: ModelCard) -> RunSummary:
        """Say what all graphs together did."""
        outcome = Outcome.DONE
        if self.interrupts.is_requested:
            outcome = Outcome.INTERRUPTED
        if self.errors:
            outcome = Outcome.FAILED
        engine = self.assembler.engine
        return RunSummary(
            outcome=outcome,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            streams=self.streams,
            stages=_with_network(self.stages, engine),
            engine=f"{engine.name} {engine.precision} on {engine.device}",
            model=card.model,
            errors=self.errors,
        )

    def _wait(self, running: Streams, plans: Sequence[StreamPlan]) -> None:
        started_at = self.clock()
        drained_at: float | None = None
        running.start()
        self.interrupts.control(running)
        try:
            while not running.wait(_TICK_S):
                now = self.clock()
                if self.watch is not None:
                    for plan in plans:
                        self.watch(plan, self.assembler.ledger, now - started_at)
                if running.is_draining and drained_at is None:
                    drained_at = now
                if drained_at is not None and now - drained_at > _DRAIN_DEADLINE_S:
                    running.cancel()
        except KeyboardInterrupt:  # In a program without handlers of its own.
            running.stop()
            raise
        finally:
            self.interrupts.control(None)


def _groups(plans: Sequence[StreamPlan]) -> list[list[StreamPlan]]:
    """Files one by one, then all live sources together."""
    live = [plan for plan in plans if plan.source.is_live]
    files = [[plan] for plan in plans if not plan.source.is_live]
    return [*files, live] if live else files


def _with_network(stages: dict[str, StageTime], engine: Engine) -> dict[str, StageTime]:
    """Put the device between the stage that feeds it and the one that waits for it."""
    timed = dict(stages)
    if "finish" not in timed:
        return timed
    finish = timed["finish"]
    waited_s = min(engine.waited_s(), finish.busy_s)
    timed["finish"] = StageTime(
        finish.items,
        finish.busy_s - waited_s,
        finish.input_wait_s + waited_s,
        finish.output_wait_s,
    )
    network = StageTime(finish.items, engine.busy_s(), 0.0, 0.0)
    names = list(timed)
    names.insert(names.index("finish"), "network")
    return {name: timed.get(name, network) for name in names}


def _sentences(error: PipelineError) -> list[str]:
    """Say what failed, each thing once."""
    sentences: list[str] = []
    for member in error.exceptions:
        if isinstance(member, MaskStreamError):
            sentence = str(member)
        else:
            where = "".join(f" {note}" for note in getattr(member, "__notes__", ()))
            sentence = f"unexpected {type(member).__name__}: {member}{where}"
        if sentence not in sentences:
            sentences.append(sentence)
    return sentences


def _keep(summary: RunSummary, path: Path) -> RunSummary:
    """Write the summary to a file; say in what is returned if that failed."""
    partial = partial_name(path)
    try:
        with explain_failure(path, kept=partial):
            document = json.dumps(summary.to_json(), indent=2)
            partial.write_text(document + "\n", encoding="utf-8")
            partial.replace(path)
    except SinkError as error:
        errors = [*summary.errors, str(error)]
        return replace(summary, outcome=Outcome.FAILED, errors=errors)
    return summary
