"""Where and when something was measured, and with what: figures mean little without."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
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


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, what else ran on it, and the versions of all that matters."""

    at: str
    """When, in UTC."""
    command: str
    processor: str
    cores: int
    """That this process may use."""
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
        return cls(
            at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            processor=_processor(),
            cores=available_cores(),
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
