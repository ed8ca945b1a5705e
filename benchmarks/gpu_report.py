"""Tables as they come: printed, and written whole after each row."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

__all__ = ["Report", "Row", "median_ms"]

Row = dict[str, str | float]


class Report:
    """Sections of rows, in a folder as gpu.md and gpu.json."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._sections: dict[str, list[Row]] = {}

    def add(self, title: str, rows: Iterable[Row]) -> list[Row]:
        """Take rows as they are made; what was made before a failure is kept."""
        made = self._sections.setdefault(title, [])
        print(f"\n## {title}", flush=True)
        for row in rows:
            made.append(row)
            print(
                " | ".join(f"{key} {value}" for key, value in row.items()), flush=True
            )
            self._write()
        return made

    def _write(self) -> None:
        text = "\n\n".join(
            f"## {title}\n\n{_table(rows)}" for title, rows in self._sections.items()
        )
        (self._folder / "gpu.md").write_text(f"# On a GPU\n\n{text}\n")
        (self._folder / "gpu.json").write_text(json.dumps(self._sections, indent=1))


def _table(rows: list[Row]) -> str:
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[str(row.get(name, "")) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def median_ms(
    call: Callable[[], object], device: torch.device, seconds: float
) -> float:
    """Time a call when those before it are still at work, as in a long run.

    The median of samples of four calls each, after three calls to warm up.
    """
    for _ in range(3):
        call()
    samples: list[float] = []
    ends_at = time.perf_counter() + seconds
    while len(samples) < 3 or time.perf_counter() < ends_at:
        _wait(device)
        began = time.perf_counter()
        for _ in range(4):
            call()
        _wait(device)
        samples.append((time.perf_counter() - began) / 4)
    return float(np.median(samples)) * 1e3


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
