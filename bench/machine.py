"""Where and when something was measured, and with what: figures mean little without."""

from __future__ import annotations

import os
import platform
import random
import shlex
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import av

from maskstream.models.engines.cores import available_cores

__all__ = ["Machine"]

_PACKAGES = (
    *("maskstream", "torch", "openvino", "onnxruntime", "av", "numpy", "numba"),
    "opencv-python-headless",
)


_WHOLE = 0.8  # of a core, at least: that much is lost to clocks and caches alone


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, what else ran on it, and the versions of all that matters."""

    at: str
    """When, in UTC."""
    command: str
    processor: str
    cores: int
    """That this process may use."""
    work_of_cores: float
    """How many times as much all of them do as one of them alone: hardly more than one
    for two that are threads of one real core, or where something else runs."""
    memory_gb: float
    gpu: str | None
    load_before: float
    """Processes that ran or wanted to, over the minute before."""
    versions: dict[str, str]
    commit: str | None
    """Of the checkout that is measured; None outside of one."""

    @classmethod
    def look(cls) -> Machine:
        """Look at this machine."""
        cores = available_cores()
        return cls(
            at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            processor=_processor(),
            cores=cores,
            work_of_cores=_work_of(cores),
            memory_gb=round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
            ),
            gpu=_gpu(),
            load_before=round(os.getloadavg()[0], 2),
            versions=_versions(),
            commit=_commit(),
        )

    @property
    def is_busy(self) -> bool:
        """So much else ran that the figures are those of a machine under load."""
        return self.load_before > 0.25 * self.cores

    def __str__(self) -> str:
        """Say it in one line."""
        cores = f"{self.cores} cores"
        if self.work_of_cores < _WHOLE * self.cores:
            cores += f" that do the work of {self.work_of_cores:g}"
        return (
            f"{self.processor}, {cores}, load {self.load_before:g} before, {self.at}, "
            f"commit {self.commit or 'unknown'}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {**asdict(self), "is_busy": self.is_busy}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).strip()


def _work_of(cores: int) -> float:
    """Compress on one core, and on all at once.

    What the system tells of cores that are threads of one is not to be had in a virtual
    machine.
    """
    text = random.Random(0).randbytes(2**15) * 2

    def work(_: int) -> None:
        for _ in range(8):
            zlib.compress(text)

    with ThreadPoolExecutor(cores) as pool:
        alone_s = min(_seconds(lambda: work(0)) for _ in range(5))
        all_s = min(_seconds(lambda: [*pool.map(work, range(cores))]) for _ in range(5))
    return round(cores * alone_s / all_s, 1)


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _gpu() -> str | None:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "ffmpeg": av.ffmpeg_version_info}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """Name the commit of the checkout that this file is part of, and if it is dirty."""
    file = Path(__file__).resolve()  # an editable install links to the checkout
    git = ["git", "-c", "safe.directory=*", "-C", str(file.parent)]
    told = ""
    for question in (
        ["ls-files", "--error-unmatch", file.name],
        ["describe", "--always", "--dirty", "--exclude=*"],
    ):
        try:
            answer = subprocess.run(
                [*git, *question], check=True, capture_output=True, text=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        told = answer.stdout.strip()
    return told or None
