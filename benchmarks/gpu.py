"""Everything that a GPU has to prove, in one run of less than eight minutes.

    python -m benchmarks.gpu [--out FOLDER] [--minutes 8] [--smoke]

Runs the tests that need a GPU, compares each kernel with its twin, times the network
alone, the way from planes to host labels, and whole runs of a clip; writes gpu.md and
gpu.json. What there was no time for is missing from the tables. `--smoke` does the same
on the CPU at tiny sizes, to see that it would run; its times mean nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmarks.gpu_codecs import time_codecs
from benchmarks.gpu_kernels import check_kernels
from benchmarks.gpu_network import time_networks, time_pipeline
from benchmarks.gpu_report import Report, Row
from benchmarks.gpu_runs import time_runs
from benchmarks.gpu_sizes import FULL, SMOKE

_TESTS = ("tests/models/kernels", "tests/models/test_cuda_engine.py")
_GPU_TESTS = (
    "tests/models/test_engines.py",
    "tests/stages/test_nvdec.py",
    "tests/stages/test_device_overlay.py",
)
_TESTS_MAY_TAKE_S = 180


def main() -> None:
    """Run all, the most important first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", ".")))
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    if not arguments.smoke and not torch.cuda.is_available():
        parser.error("no CUDA device is here; --smoke runs on the CPU")
    ends_at = time.monotonic() + 60 * arguments.minutes
    sizes = SMOKE if arguments.smoke else FULL
    if arguments.smoke:
        torch.set_num_threads(1)  # threads that wait for each other take seconds

    report = Report(arguments.out)
    report.add("Machine", [_machine(sizes.device)])
    report.add("Kernels beside their twins", check_kernels(sizes))
    if not arguments.smoke:
        report.add(
            "Tests", [_run_tests("-q", *_TESTS), _run_tests("-mgpu", *_GPU_TESTS)]
        )
    report.add("Codecs of the device", time_codecs(sizes))
    networks = report.add("Network alone", time_networks(sizes, ends_at - 120))
    report.add(
        "Planes to host labels", time_pipeline(sizes, list(networks), ends_at - 60)
    )
    report.add("Runs of a clip", time_runs(sizes, ends_at))


def _machine(device: torch.device) -> Row:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    try:
        triton = version("triton")
    except PackageNotFoundError:
        triton = "none"
    return {
        "device": name,
        "torch": torch.__version__,
        "triton": triton,
        "cuda": torch.version.cuda or "none",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "load": round(os.getloadavg()[0], 1),
    }


def _run_tests(*arguments: str) -> Row:
    """Run tests of ours in a process of their own; its last line tells."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-W",
        "default",
    ]
    try:
        ended = subprocess.run(
            [*command, "-x", "--tb=short", *arguments],
            capture_output=True,
            text=True,
            timeout=_TESTS_MAY_TAKE_S,
            check=False,
            env={**os.environ, "FAIL_WITHOUT_CUDA": "1"},
        )
        output = ended.stdout + ended.stderr
    except subprocess.TimeoutExpired:
        output = f"not done in {_TESTS_MAY_TAKE_S} s"
    print(output[-4000:])
    return {"tests": arguments[-1], "result": output.strip().splitlines()[-1]}


if __name__ == "__main__":
    main()
