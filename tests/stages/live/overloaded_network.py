"""Segment a camera that loses datagrams, by a network that has too little time.

    overloaded_network.py PERCENT FRAMES HOLD

Run it in a network namespace of its own (``unshare --net``). Prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from threading import Event

from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import BatchConfig, ModelConfig, OverloadConfig
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.shared_stages import (
    MAX_LIVE_TAKES,
    SharedStages,
    network_sizes,
    stream_of,
)
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.pipeline.streams import Streams
from maskstream.stages.live.decoder import LiveDecoder
from maskstream.stages.live.profiles import PROFILES
from maskstream.stages.live.sources import live_source
from tests.cameras import RtspCamera
from tests.engines import PacedEngine
from tests.live_watching import watching
from tests.stages.live.lossy_network import RULES, sums

ENGINE_S = 0.2


class Eyes:
    """A sink that remembers what it was shown, to the last bit."""

    def __init__(self, ledger: Ledger, wanted: int) -> None:
        self.shown: list[int] = []
        self.num_held = 0
        self.has_enough = Event()
        self._ledger = ledger
        self._wanted = wanted

    def __call__(self, inbox: Inbox) -> Outputs:
        """Sum up each picture."""
        for item in inbox:
            picture = item.frame.picture
            self.shown.append(zlib.crc32(picture.to_ndarray().tobytes()))
            self.num_held += item.is_held
            self._ledger.written("cam", "eyes")
            if len(self.shown) >= self._wanted:
                self.has_enough.set()
            yield


def main(percent: str, num_frames: str, hold: str) -> None:
    """Look at so many frames, and tell what came."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(
        ["nft", "-f", "-"], input=RULES.format(percent), text=True, check=True
    )
    ledger = Ledger()
    ledger.open("cam", ["eyes"])
    eyes = Eyes(ledger, int(num_frames))
    is_held = hold == "hold"
    with RtspCamera() as camera:
        camera.start()
        camera.say("size 320x240 30")
        camera.say("show ball")
        with watching(camera.url(), profile=PROFILES["rtsp-tcp"]) as truth:
            truth.wait_for_frames(1)
            decoder = LiveDecoder(
                live_source(camera.url()),
                "cam",
                ledger,
                monotonic_clock,
                profile=PROFILES["rtsp-udp"],
            )
            stream = StreamStages(
                "cam",
                decoder,
                (Branch("eyes", eyes, "eyes"),),
                ledger,
                monotonic_clock,
                is_fresh=True,
                is_held=is_held,
            )
            hub = Hub(stream_of, max_takes=MAX_LIVE_TAKES)
            shared = SharedStages(
                PacedEngine(ENGINE_S),
                network_sizes(ModelConfig()),
                BatchConfig(),
                OverloadConfig(hold=is_held),
                ledger,
                Metrics(ledger),
                monotonic_clock,
            )
            streams = Streams(hub, shared.build(hub), [stream.build(hub)])
            streams.start()
            has_enough = eyes.has_enough.wait(120)
            decoder.stop()
            streams.drain()
            streams.wait()
            truth.wait_for_frames(25)  # what the other had seen
    true = set(sums(truth.frames))
    account = ledger.accounts()["cam"]
    print(  # noqa: T201
        json.dumps(
            {
                "has_enough": has_enough,
                "frames": len(eyes.shown),
                "held": eyes.num_held,
                "untrue": sum(one not in true for one in eyes.shown),
                "decoded": account.decoded,
                "written": account.written,
                "dropped": account.sinks["eyes"].num_dropped,
                "notes": dict(account.notes),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
