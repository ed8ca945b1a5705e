"""How long a user waits: for ``--help``, and for the first frame of a run.

    python benchmarks/start.py [CLIP] [--rounds 5] [--json FILE]

The first frame is there when a run of a clip of one frame is over. That is timed from
the start of the process, with what a machine keeps of network and kernels, and without.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readings import Bounds
from maskstream.bench.clips import clip_source, copy_pictures
from maskstream.bench.costs import Spread
from maskstream.bench.machine import Machine
from maskstream.bench.processes import run_process
from maskstream.pipeline.errors import MaskStreamError

MAX_HELP_S = 0.5
MAX_FIRST_FRAME_S = 5.0


def measure(clip: str, rounds: int) -> dict[str, Spread]:
    """Time each so often, the start without a cache but twice."""
    program = (sys.executable, "-m", "maskstream")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        one = copy_pictures(clip_source(clip), folder, limit=1)
        run = (*program, "run", str(one), "--overwrite", "-o", str(folder / "out.mp4"))
        _seconds(run)  # fills the cache
        caches = (folder / "first", folder / "second")
        # Networks in the one, kernels that numba compiles in the other.
        anew = [
            ("env", f"XDG_CACHE_HOME={cache}", f"NUMBA_CACHE_DIR={cache}", *run)
            for cache in caches
        ]
        return {
            "help_s": Spread.of(_seconds((*program, "--help")) for _ in range(rounds)),
            "first_frame_s": Spread.of(_seconds(run) for _ in range(rounds)),
            "first_frame_anew_s": Spread.of(map(_seconds, anew)),
        }


def _seconds(command: Sequence[str]) -> float:
    return run_process(command).seconds


def main() -> int:
    """Measure, and say whether the two that have a bound keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    machine = Machine.look()
    try:
        found = measure(given.clip, given.rounds)
    except MaskStreamError as error:
        parser.error(str(error))
    machine = machine.afterwards()
    print(machine)
    bounds = Bounds()
    for what, name, most_s in (
        ("--help", "help_s", MAX_HELP_S),
        ("a run of one frame", "first_frame_s", MAX_FIRST_FRAME_S),
    ):
        told = f"{found[name].median:.2f} of {most_s:g} s"
        bounds.hold(what, told, holds=found[name].median <= most_s)
    print(f"with nothing kept: {found['first_frame_anew_s'].median:.1f} s")
    if given.json:
        figures = {name: spread.to_json() for name, spread in found.items()}
        text = json.dumps({"machine": machine.to_json(), **figures}, indent=2)
        given.json.write_text(text + "\n")
    return bounds.exit_code


if __name__ == "__main__":
    sys.exit(main())
