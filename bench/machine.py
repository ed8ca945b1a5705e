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
from dataclasses import asdict, dataclass, replace
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


_OTHERS = 0.1  # of the cores


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time up to now."""

    at_s: float
    cores_s: float
    """Of the cores that this process may use, whoever used them, or kept them from this
    machine if it is a virtual one."""
    own_s: float
    """Of this process, and of its children that have ended."""

    @classmethod
    def read(cls) -> Usage:
        """Read it from proc(5)."""
        cores_s = 0.0
        for core in Path("/proc/stat").read_text().splitlines():
            name, *ticks = core.split()[:9]
            if name in {f"cpu{number}" for number in os.sched_getaffinity(0)}:
                user, nice, system, _idle, _waits, *interrupts_and_steal = ticks
                busy = (user, nice, system, *interrupts_and_steal)
                cores_s += sum(map(int, busy)) / os.sysconf("SC_CLK_TCK")
        return cls(time.perf_counter(), cores_s, sum(os.times()[:4]))


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
    others: float | None
    """Cores that something else kept busy meanwhile; None before that is known."""
    versions: dict[str, str]
    commit: str | None
    """Of the checkout that is measured; None outside of one."""
    began: Usage

    @classmethod
    def look(cls) -> Machine:
        """Look at this machine."""
        cores = available_cores()
        return cls(
            at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            command=_command(),
            processor=_processor(),
            cores=cores,
            work_of_cores=_work_of(cores),
            memory_gb=round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
            ),
            gpu=_gpu(),
            load_before=round(os.getloadavg()[0], 2),
            others=None,
            versions=_versions(),
            commit=_commit(),
            began=Usage.read(),
        )

    def afterwards(self) -> Machine:
        """Say, when everything is measured, what else ran meanwhile."""
        now = Usage.read()
        spent_s = now.cores_s - self.began.cores_s
        own_s = now.own_s - self.began.own_s
        others = max(0.0, spent_s - own_s) / (now.at_s - self.began.at_s)
        return replace(self, others=round(others, 2))

    @property
    def is_busy(self) -> bool:
        """So much else ran that the figures are those of a machine under load."""
        return self.others is not None and self.others > _OTHERS * self.cores

    def __str__(self) -> str:
        """Say it in one line."""
        cores = f"{self.cores} cores"
        if self.work_of_cores < _WHOLE * self.cores:
            cores += f" that do the work of {self.work_of_cores:g}"
        load = f"load {self.load_before:g} before"
        if self.others is not None:
            load += f" and {self.others:g} cores busy with others meanwhile"
        commit = self.commit or "unknown"
        return f"{self.processor}, {cores}, {load}, {self.at}, commit {commit}"

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        figures = {**asdict(self), "is_busy": self.is_busy, "told": str(self)}
        del figures["began"]
        return figures


def _command() -> str:
    """Repeat what was asked for, without the folders of whoever asked."""
    program, *given = sys.argv
    return shlex.join(
        [
            Path(program).name,
            *(Path(one).name if Path(one).is_absolute() else one for one in given),
        ]
    )


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
    if not Path("/proc/driver/nvidia").is_dir():
        return None  # torch, which takes seconds to load, would find none either
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
