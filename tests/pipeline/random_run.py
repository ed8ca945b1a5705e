"""One run of random streams, and all that is known of it afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import chain, cycle
from queue import SimpleQueue
from threading import Thread

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Flow, Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.pipeline.streams import Streams
from tests.pipeline.random_graphs import GraphPlan, Incident
from tests.pipeline.threads import PATIENCE_S

__all__ = ["RandomRun"]

Frames = tuple[tuple[str, int], ...]


class Leave(Exception):  # noqa: N818 - a signal, not an error
    """Ends a stage early without a failure."""


class RandomRun:
    """Build a plan's streams, and run them to their end."""

    def __init__(self, plan: GraphPlan) -> None:
        self.plan = plan
        self.ledger = Ledger()
        self.stages: list[str] = []
        self.cleaned_up: list[str] = []
        self.raised: dict[str, Exception] = {}  # by stage
        self.reported: Sequence[Exception] = ()  # at the end
        self.received: dict[tuple[str, str], list[int]] = {}  # by stream and sink
        self._capacities = cycle(plan.capacities)
        self._requests: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.streams = self._build()
        before = set(threading.enumerate())
        self._run()
        self.threads_left = set(threading.enumerate()) - before

    def _run(self) -> None:
        controller = Thread(target=self._control)
        controller.start()
        try:
            self.streams.start()
            assert self.streams.wait(PATIENCE_S), "the streams hang"
        except PipelineError as error:
            self.reported = error.exceptions
        finally:
            self._requests.put(None)
            controller.join()
            self.streams.cancel()  # Lets go of what a failed test has left.

    def _control(self) -> None:
        for request in iter(self._requests.get, None):
            request()

    def _build(self) -> Streams:
        hub = Hub(lambda frames: frames[0][0])
        pipelines = [
            self._stream(hub, f"stream {number}", length)
            for number, length in enumerate(self.plan.lengths)
        ]
        shared = Pipeline()
        flow = shared.gather(hub, "collect", self._stage("collect", join))
        self._then(flow, "shared", (*self.plan.shared, "split")).back(hub)
        return Streams(hub, shared, pipelines)

    def _stream(self, hub: Hub, stream: str, length: int) -> Pipeline:
        def decode() -> Outputs:
            for index in range(length):
                self.ledger.decoded(stream)
                yield ((stream, index),)

        sinks = [f"sink {number}" for number in range(self.plan.num_sinks)]
        self.ledger.open(stream, sinks)
        self.received.update({(stream, sink): [] for sink in sinks})
        name = f"decode {stream}"
        self.stages.append(name)
        pipeline = Pipeline(stream=stream)
        flow = pipeline.source(name, lambda: self._perform(name, decode()))
        if self.plan.before:
            before = (*self.plan.before, "split")
            flow = self._then(flow, f"{stream} before", before, is_inlet=True)
        flow = flow.through(hub, self._link(is_inlet=True))
        flow = self._then(flow, f"{stream} after", self.plan.after)
        for sink in sinks:
            write = self._writer(stream, sink)
            step = f"{sink} of {stream}"
            flow.then(step, self._stage(step, write), self._link())
        return pipeline

    def _then(
        self, flow: Flow, name: str, kinds: Iterable[str], *, is_inlet: bool = False
    ) -> Flow:
        for number, kind in enumerate(kinds):
            step = f"{name} {number} {kind}"
            link = self._link(is_inlet=is_inlet and number == 0)
            flow = flow.then(step, self._stage(step, WORK[kind]), link)
        return flow

    def _writer(self, stream: str, sink: str) -> Callable[[Inbox], Outputs]:
        def write(inbox: Inbox) -> Outputs:
            for frames in inbox:
                for of, index in frames:
                    assert of == stream
                    self.received[stream, sink].append(index)
                    self.ledger.written(stream, sink)
                yield

        return write

    def _link(self, *, is_inlet: bool = False) -> Link:
        if is_inlet and self.plan.is_live:
            return Link(next(self._capacities), Overflow.DROP_OLDEST, self._drop)
        return Link(next(self._capacities))

    def _drop(self, frames: Frames) -> None:
        for stream, _ in frames:
            self.ledger.dropped(stream, stage="inlet", reason="overflow")

    def _stage(
        self, name: str, work: Callable[[Inbox], Outputs]
    ) -> Callable[[Inbox], Outputs]:
        self.stages.append(name)
        return lambda inbox: self._perform(name, work(inbox))

    def _perform(self, name: str, work: Outputs) -> Outputs:
        """Do the work of one stage, with the incidents that it meets."""
        incidents = [
            incident
            for incident in self.plan.incidents
            if self.stages[incident.stage % len(self.stages)] == name
        ]
        number = 0
        try:
            self._meet(name, [one for one in incidents if one.moment == 0])
            with closing(work) as outputs:
                for number, output in enumerate(outputs, start=1):
                    self._meet(name, [one for one in incidents if one.moment == number])
                    yield output
            self._meet(name, [one for one in incidents if one.moment > number])
        except Leave:
            return
        finally:
            self.cleaned_up.append(name)
            if "raise in clean-up" in {incident.kind for incident in incidents}:
                self._fail(name)

    def _meet(self, name: str, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            match incident.kind:
                case "raise":
                    self._fail(name)
                case "leave":
                    raise Leave
                case "drain":
                    self._requests.put(self.streams.drain)
                case "cancel":
                    self._requests.put(self.streams.cancel)

    def _fail(self, name: str) -> None:
        self.raised[name] = ValueError(name)
        raise self.raised[name]


def pass_on(inbox: Inbox) -> Outputs:
    """Yield each tuple as it came."""
    yield from inbox


def join(inbox: Inbox) -> Outputs:
    """Yield whatever has queued as one tuple."""
    while queued := inbox.take(limit=3):
        yield tuple(chain.from_iterable(queued))


def split(inbox: Inbox) -> Outputs:
    """Yield each frame in a tuple of its own."""
    for frames in inbox:
        for frame in frames:
            yield (frame,)


WORK = {"pass": pass_on, "join": join, "split": split}
