"""The daemon as a process of its own: streams in, files out, stopped by signals."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Run
from tests.end_to_end.test_interrupts import count_pictures, wait_until_written

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Start = Callable[..., "subprocess.Popen[str]"]

CONFIG = """
model: {{size: 64x64}}
defaults: {{output: {folder}, records: {folder}}}
streams:
  front: {{source: "synthetic+live:testsrc2=size=160x96:rate=10"}}
  back: {{source: "synthetic+live:testsrc2=size=160x96:rate=10"}}
"""


def test_a_signal_finishes_the_files_of_every_stream(
    start: Start, tmp_path: Path
) -> None:
    """The files have their names, every frame its outcome, and the exit code is 0."""
    config = tmp_path / "serve.yaml"
    config.write_text(CONFIG.format(folder=tmp_path))
    daemon = start("serve", config)
    for stream in ("front", "back"):
        wait_until_written(tmp_path / f"{stream}.partial.mkv", daemon)

    daemon.send_signal(signal.SIGTERM)
    printed, complaints = daemon.communicate(timeout=60)

    assert daemon.returncode == 0, (printed, complaints)
    for stream in ("front", "back"):
        lines = (tmp_path / f"{stream}.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines[1:]]
        assert count_pictures(tmp_path / f"{stream}.mkv") > 0
        assert {record["stream"] for record in records} == {stream}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("streams: {front: {}}", "streams.front: source is missing"),
        (
            "streams: {front: {sourc: x}}",
            "'streams.front.sourc', did you mean 'source'",
        ),
        ("defaults: {prioritty: 2}", "'defaults.prioritty', did you mean 'priority'"),
        ("streams: {'a/b': {source: x}}", "the id of a stream is of letters"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_sentence(
    run: Run, tmp_path: Path, text: str, sentence: str
) -> None:
    """The message names the key; nothing has been started."""
    config = tmp_path / "serve.yaml"
    config.write_text(text)

    done = run("serve", config)

    assert done.code == 2
    assert sentence in done.sentence
