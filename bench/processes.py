"""A program by itself: what it printed, how long it ran, what it held at most."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskstream.pipeline.errors import MaskStreamError

__all__ = ["Finished", "run_process"]

_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended well."""

    printed: str
    seconds: float
    peak_mb: float


def run_process(command: Sequence[str]) -> Finished:
    """Run ``command`` to its end.

    Raises:
        MaskStreamError: It failed; its last line says why.
    """
    with tempfile.TemporaryFile("w+") as output:
        began_s = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        peak_kb = 0
        try:
            while process.poll() is None:
                peak_kb = max(peak_kb, _peak_kb(process.pid))
                time.sleep(_LOOK_S)
        finally:
            process.kill()
            process.wait()
        took_s = time.perf_counter() - began_s
        output.seek(0)
        printed = output.read()
    if process.returncode:
        lines = printed.split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no word")
        raise MaskStreamError(f"{Path(command[0]).name} failed: {last.strip()}")
    return Finished(printed, took_s, peak_kb / 1024)


def _peak_kb(pid: int) -> int:
    """Read the process's own high-water mark.

    What the system tells at its end (``ru_maxrss``) has that of its parent in it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(line[1]) for line in lines if line[0] == "VmHWM:"), 0)
