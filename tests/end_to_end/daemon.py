"""The daemon as a child process, and what tests ask it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.servers import refusing_port

__all__ = ["PATIENCE_S", "Daemon"]

PATIENCE_S = 250.0
"""Starting takes seconds; on a busy machine that compiles kernels too, minutes."""

SYNTHETIC = "synthetic+live:testsrc2=size=160x96:rate=10"


class Daemon:
    """``maskstream serve`` on a free port; leaving the context ends it.

    Args:
        folder: For the configuration and what the daemon prints.
        settings: Laid over small ones.
        environment: Variables to add.
        program: What Python runs.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "maskstream"),
    ) -> None:
        self.port = refusing_port()
        self.path = folder / "serve.yaml"
        self._log = folder / "serve.log"
        self.write(settings)
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", str(self.path)],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", timeout=30.0, trust_env=False
        )

    def write(self, settings: Mapping[str, Any]) -> None:
        """Write the configuration."""
        whole = {
            "model": {"size": "64x64"},
            "http": {"port": self.port, "requests_per_s": 1000},
            "log": {"format": "json"},
            **settings,
        }
        whole["http"] = {
            "allowed_sources": {"hosts": ["127.0.0.1"]},
            **whole["http"],
        }
        self.path.write_text(yaml.safe_dump(whole))

    def get(self, path: str) -> Any:
        """Ask for JSON."""
        answer = self._client.get(path)
        answer.raise_for_status()
        return answer.json()

    def ask(self, method: str, path: str, **named: Any) -> httpx.Response:
        """Ask for anything."""
        return self._client.request(method, path, **named)

    def stream(self, stream: str) -> Any:
        """Ask for a stream's status."""
        return self.get(f"/v1/streams/{stream}")

    def metrics(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Scrape: each sample by name and labels."""
        text = self._client.get("/metrics").text
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.printed
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            time.sleep(0.1)  # another process gives no event to wait for
        raise AssertionError(f"{what} never came; {self.printed}")

    def wait_written(self, stream: str, more: int = 1) -> None:
        """Wait until so many more frames of a stream are at every sink."""
        first: list[int] = []

        def is_enough() -> bool:
            answer = self.ask("GET", f"/v1/streams/{stream}")
            if answer.status_code != 200:
                return False
            sinks = answer.json()["sinks"].values()
            if not sinks:
                return False  # the stream has only begun
            written = min(sink["written"] for sink in sinks)
            first.append(written)
            return bool(written >= first[0] + more)

        self.wait(is_enough, f"{more} frames of {stream}")

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    @property
    def lines(self) -> list[Any]:
        """Its log lines."""
        return [json.loads(line) for line in self.printed.splitlines()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
