"""Write the tables of docs/performance.md and README.md anew, from runs made now.

    python benchmarks/tables.py CLIP [--only bench] [--rounds 3]

Four programs, about twelve minutes on two cores where nothing else runs. What each
tells is kept in docs/performance; one that fails leaves what it told before, and the
pages are written from all that is there. ``--render`` only writes them again: the
programs may as well be run by themselves, with ``--json docs/performance/peers.json``
and the like; what takes long of them can be had in pieces, by their own ``--only``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measured import page, plot, short_table

_ROOT = Path(__file__).parents[1]
_DOCS = _ROOT / "docs"
_FIGURES = _DOCS / "performance"
_BEGIN, _END = "<!-- measured -->\n", "<!-- end -->\n"

_HERE = Path(__file__).parent
_STEPS: Mapping[str, Sequence[str]] = {
    "bench": ("-m", "maskstream", "bench"),
    "peers": (str(_HERE / "peers" / "compare.py"),),
    "growth": (str(_HERE / "growth.py"),),
    "start": (str(_HERE / "start.py"),),
}


def main() -> int:
    """Run, and write; fail if one of the programs did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", default="3")
    parser.add_argument("--only", choices=_STEPS, action="append", help="not all of it")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    given = parser.parse_args()
    _FIGURES.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in () if given.render else given.only or _STEPS:
        command = [sys.executable, *_STEPS[name], given.clip, "--rounds", given.rounds]
        command += ["--json", str(_FIGURES / f"{name}.json")]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    figures = read_figures()
    _fill(_DOCS / "performance.md", page(**figures))
    _fill(_ROOT / "README.md", short_table(figures["bench"], figures["peers"]))
    if figures["bench"] and figures["growth"]:
        drawn = plot(figures["bench"], figures["growth"])
        (_DOCS / "performance.svg").write_text(drawn)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def read_figures() -> dict[str, Any]:
    """Read what each program told last; None of one that never ran."""
    paths = {name: _FIGURES / f"{name}.json" for name in _STEPS}
    return {
        name: json.loads(path.read_text()) if path.is_file() else None
        for name, path in paths.items()
    }


def _fill(path: Path, text: str) -> None:
    before, _, rest = path.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    path.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


if __name__ == "__main__":
    sys.exit(main())
