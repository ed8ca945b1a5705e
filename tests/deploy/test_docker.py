"""The image and the containers around it, as far as they can be judged here."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from maskstream.server.config.serve import ServeConfig, load_serve_settings
from tests.deploy.tools import MARGIN_S

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE_FILES = (DOCKER / "compose.yaml", DOCKER / "compose.cuda.yaml")


def compose() -> dict[str, Any]:
    """Return the services of compose.yaml."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE_FILES[0].read_text())["services"]
    return services


def installed(program: str) -> str:
    """Return the path of a program that the extra `dev` brings."""
    return str(Path(sys.executable).with_name(program))


@pytest.mark.slow
def test_hadolint_finds_no_fault_in_the_dockerfile() -> None:
    """Neither in its instructions nor in their shell."""
    command = [installed("hadolint"), str(DOCKER / "Dockerfile")]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.slow
def test_compose_files_follow_the_specification() -> None:
    """Every key is one that Compose knows."""
    schema = ("--builtin-schema", "vendor.compose-spec")
    command = [installed("check-jsonschema"), *schema, *map(str, COMPOSE_FILES)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_what_compose_mounts_is_there() -> None:
    """Docker makes a folder of a file that is not there, and the service then fails."""
    mounts = [
        volume.split(":")[0]
        for service in compose().values()
        for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]

    assert len(mounts) >= 5
    assert [mount for mount in mounts if not (DOCKER / mount).exists()] == []


def test_secrets_are_filled_in_and_not_kept() -> None:
    """Each file of secrets has an example, without values, and git ignores it."""
    names = {
        name for service in compose().values() for name in service.get("env_file", ())
    }
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert names
    for name in names:
        example = (DOCKER / name.replace(".env", ".example.env")).read_text()
        lines = [line for line in example.splitlines() if not line.startswith("#")]
        assert all(line.endswith("=") for line in lines)
        assert f"/docker/{name}" in ignored


def test_every_service_is_bounded_and_confined() -> None:
    """A service that runs wild costs itself, and is open to this machine alone."""
    for name, service in compose().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"]), name
        assert service["pids_limit"] > 0, name
        assert service["logging"]["options"]["max-size"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        tag = service["image"].partition(":")[2]
        assert name == "maskstream" or tag[-1].isdigit(), "name a version"


def test_the_daemon_writes_to_volumes_alone() -> None:
    """Its root is read-only; folders that the image names are volumes."""
    daemon = compose()["maskstream"]
    targets = {volume.split(":")[1] for volume in daemon["volumes"]}

    assert daemon["read_only"] is True
    assert {"/var/lib/maskstream", "/var/cache/maskstream"} <= targets


def test_the_image_is_made_of_the_package_and_nothing_else() -> None:
    """The build gets every folder of the package, and no recordings or secrets."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}

    assert lines[1] == "*"
    assert set(table["package-dir"].values()) <= sent
    assert not [name for name in sent if not (ROOT / name).exists()]
    assert not [name for name in sent if fnmatch.fnmatch(name, "*.env")]


def test_the_daemon_of_compose_has_a_valid_configuration() -> None:
    """It publishes to the media server; each secret has its line in the example."""
    example = (DOCKER / "maskstream.example.env").read_text()
    environment = dict.fromkeys(
        re.findall(r"^(\w+)=$", example, re.MULTILINE), "x" * 48
    )

    config = load_serve_settings(DOCKER / "maskstream.yaml", environment).config

    urls = [to.url for one in config.streams.values() for to in one.publish]
    assert urls == ["rtsp://mediamtx:8554/front"]
    assert config.http is not None
    assert compose()["maskstream"]["ports"] == [f"127.0.0.1:8080:{config.http.port}"]


def test_a_stop_waits_for_the_daemon_to_finish_its_files() -> None:
    """Docker kills later than the daemon gives up by itself."""
    grace = str(compose()["maskstream"]["stop_grace_period"])

    assert float(grace.removesuffix("s")) >= ServeConfig().stop_deadline + MARGIN_S
