"""Watch a camera over a network that loses datagrams: lossy_network.py PERCENT FRAMES.

Run it in a network namespace of its own (``unshare --net``). Prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys

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


def main() -> None:
    """Watch for so many frames, and tell what came."""
    percent, num_frames = map(int, sys.argv[1:])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(
        ["nft", "-f", "-"], input=RULES.format(percent), text=True, check=True
    )
    with RtspCamera() as camera:
        camera.start()
        camera.say("show snow")  # many datagrams a picture
        with watching(camera.url(), profile=PROFILES["rtsp-udp"]) as watched:
            watched.wait_for_frames(num_frames)
    account = watched.ledger.accounts()["cam"]
    print(  # noqa: T201
        json.dumps(
            {
                "frames": len(watched.frames),
                "damaged": sum(frame.picture.is_corrupt for frame in watched.frames),
                "decoded": account.decoded,
                "dropped": account.sinks["video"].num_dropped,
                "notes": dict(account.notes),
                "events": watched.events,
            }
        )
    )


if __name__ == "__main__":
    main()
