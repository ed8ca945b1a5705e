"""What docs/api.md tells to type does what it tells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.http.api import TOKEN, api
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_examples_work(tmp_path: Path, control: FakeControl) -> None:
    """Each is run by a shell, one after another, against a daemon with a token."""
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("curl is not installed")
    setup, *examples = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert setup.count("export") == 2

    with api(control, token=TOKEN) as client:
        told = {"MASKSTREAM": str(client.base_url), "MASKSTREAM_TOKEN": TOKEN}
        answers = [
            subprocess.run(
                ["sh", "-ec", example.replace("curl -sS", "curl -fsS")],
                cwd=tmp_path,
                env={**os.environ, **told, "no_proxy": "*"},
                check=True,
                capture_output=True,
                timeout=120,
                text=True,
            ).stdout
            for example in examples
        ]

    states = [re.findall(r'"state":"(\w+)"', answer)[:1] for answer in answers]
    assert states[:4] == [["running"]] * 4
    assert states[6:9] == [["paused"], ["running"], ["running"]]
    assert (tmp_path / "front-door.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert control.log_levels == ["debug"]
    assert not control.settings
