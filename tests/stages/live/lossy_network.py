"""Watch a camera over a network that loses datagrams, beside one that loses nothing.

    lossy_network.py PERCENT FRAMES PATH PATTERN

Run it in a network namespace of its own (``unshare --net``). Prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Iterable

from maskstream.pipeline.frame import Frame
from maskstream.stages.live.profiles import PROFILES
from tests.cameras import RtspCamera
from tests.live_watching import watching

RULES = """
table inet lossy {{
  chain input {{
    type filter hook input priority 0;
    meta l4proto udp numgen random mod 100 < {} drop
  }}
}}
"""


def sums(frames: Iterable[Frame]) -> list[int]:
    """Sum up each picture, to the last bit."""
    return [zlib.crc32(frame.picture.to_ndarray().tobytes()) for frame in frames]


def main(percent: str, num_frames: str, path: str, pattern: str) -> None:
    """Watch for so many frames, and tell what came."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(
        ["nft", "-f", "-"], input=RULES.format(percent), text=True, check=True
    )
    with RtspCamera() as camera:
        camera.start()
        camera.say(f"show {pattern}")
        url = camera.url(path)
        with watching(url, profile=PROFILES["rtsp-tcp"]) as truth:
            truth.wait_for_frames(1)
            with watching(url, profile=PROFILES["rtsp-udp"]) as watched:
                watched.wait_for_frames(int(num_frames))
            truth.wait_for_frames(25)  # what the other had seen
    account = watched.ledger.accounts()["cam"]
    true = set(sums(truth.frames))
    shown = sums(watched.frames)
    print(  # noqa: T201
        json.dumps(
            {
                "frames": len(shown),
                "untrue": sum(one not in true for one in shown),
                "truth": len(truth.frames),
                "truth_notes": truth.notes,
                "decoded": account.decoded,
                "dropped": account.sinks["video"].num_dropped,
                "notes": dict(account.notes),
                "events": watched.events,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
