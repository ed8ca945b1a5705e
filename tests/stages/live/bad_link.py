"""Watch a camera over a link that goes bad: bad_link.py hole|thin.

``hole``: every packet vanishes, in both directions, and nothing is closed; later they
pass again. ``thin``: 1 Mbit/s for a camera that sends 4. Run it in a network namespace
of its own (``unshare --net``). Prints JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

from maskstream.stages.live.profiles import PROFILES
from tests.cameras import RtspCamera
from tests.live_watching import Watched, watching

HOLE = """
table inet hole {
  chain input {
    type filter hook input priority 0;
    iif lo drop
  }
}
"""


def nft(rules: str) -> None:
    """Change the firewall of this namespace."""
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def tc(*words: str) -> None:
    """Change the queue of its only link."""
    subprocess.run(["tc", "qdisc", *words], check=True)


def fall_into_a_hole(watched: Watched) -> dict[str, Any]:
    """Let every packet vanish, until connecting fails too."""
    watched.wait_for_frames(10)
    nft(HOLE)
    lost_s = watched.wait_for_event("down stalled")
    watched.wait_for_event("down timeout")
    nft("delete table inet hole")
    return {"lost_s": lost_s, "back_s": watched.wait_for_frames(5)}


def thin_out(camera: RtspCamera, watched: Watched) -> dict[str, Any]:
    """Let a quarter through of what the camera sends, and all of it again."""
    watched.wait_for_frames(10)
    thin = "rate 1mbit burst 16kb limit 64kb"
    tc("add", "dev", "lo", "root", "tbf", *thin.split())
    camera.say("size 640x480")
    camera.say("show snow")
    watched.wait_for(lambda: any("down" in event for event in watched.events))
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    watched.wait_for(lambda: sum("down" in event for event in watched.events) >= 3)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    tc("del", "dev", "lo", "root")
    camera.say("show ball")  # which a busy machine can encode
    return {"back_s": watched.wait_for_frames(5), "grown_mib": grown_kib / 1024}


def main(trouble: str) -> None:
    """Cause the trouble, end it, and tell what came."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with RtspCamera() as camera:
        camera.start()
        profile = PROFILES["rtsp-tcp"]
        with watching(camera.url(), profile=profile, stall_after_s=2.0) as watched:
            if trouble == "hole":
                told = fall_into_a_hole(watched)
            else:
                told = thin_out(camera, watched)
    told |= {"events": watched.events, "notes": watched.notes}
    told["sentences"] = watched.sentences
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
