"""The systemd unit is one that systemd understands, and gives little away."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maskstream.server.config.serve import ServeConfig
from tests.deploy.jail import settings
from tests.deploy.tools import DEPLOY, MARGIN_S, call

pytestmark = pytest.mark.slow

UNIT = DEPLOY / "maskstream.service"
DROP_INS = ("gpu.conf", "camera.conf")
MAX_EXPOSURE = 20
"""Tenths; systemd calls up to 5.0 medium or better. An unhardened service has 9.6."""


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., Path]:
    """``installed("gpu.conf")``: unit and drop-in, the program one that is here."""

    def install(*drop_ins: str) -> Path:
        unit = tmp_path / UNIT.name
        unit.write_text(
            re.sub(r"/opt/\S+/bin/maskstream", sys.executable, UNIT.read_text())
        )
        for name in drop_ins:
            folder = tmp_path / f"{UNIT.name}.d"
            folder.mkdir(exist_ok=True)
            shutil.copy(DEPLOY / f"{UNIT.name}.d" / name, folder)
        return unit

    return install


@pytest.mark.parametrize("drop_ins", [(), DROP_INS], ids=["alone", "drop_ins"])
def test_systemd_understands_every_line(
    installed: Callable[..., Path], drop_ins: tuple[str, ...]
) -> None:
    """`systemd-analyze verify` has nothing to say; of unknown keys it only warns."""
    verified = call("systemd-analyze", "verify", installed(*drop_ins))

    assert (verified.returncode, verified.stdout) == (0, "")


@pytest.mark.parametrize("drop_ins", [(), DROP_INS], ids=["alone", "drop_ins"])
def test_the_service_may_do_little_else_than_its_work(
    installed: Callable[..., Path], drop_ins: tuple[str, ...]
) -> None:
    """`systemd-analyze security` finds the exposure low, with devices let in too."""
    options = ("--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager")

    judged = call("systemd-analyze", "security", *options, installed(*drop_ins))

    assert judged.returncode == 0, judged.stdout
    assert "Overall exposure level" in judged.stdout


def test_the_user_of_the_service_can_be_made() -> None:
    """The line for systemd-sysusers names the user of the unit."""
    listed = call("systemd-sysusers", "--dry-run", DEPLOY / "maskstream.sysusers")

    assert listed.returncode == 0, listed.stdout
    assert "Creating user 'maskstream'" in listed.stdout
    assert "\nUser=maskstream\n" in UNIT.read_text()


def test_systemd_is_more_patient_than_the_daemon() -> None:
    """Files are finished by the daemon, and what hangs says so before it is ended."""
    (stop,) = settings(UNIT, "TimeoutStopSec")
    (watchdog,) = settings(UNIT, "WatchdogSec")
    config = ServeConfig()

    assert float(stop.removesuffix("s")) >= config.stop_deadline + MARGIN_S
    assert float(watchdog.removesuffix("s")) > config.hang_after
