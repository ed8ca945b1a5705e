"""Settings from the environment, over those of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskstream.pipeline.cli import app
from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.serve import ServeSettings, load_serve_settings

FILE = """
http: {host: 127.0.0.1, names: [cams.example]}
defaults: {source: {stall: 9s}}
streams:
  front: rtsp://a/
  Yard-2.b: {source: "rtsp://user:hush@b/", overlay: {alpha: 0.1}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two streams."""
    path = tmp_path / "serve.yaml"
    path.write_text(FILE.replace("front: rtsp://a/", "front: {source: rtsp://a/}"))
    return path


def load(path: Path, **variables: str) -> ServeSettings:
    """Load a file in an environment of these variables, without their prefix."""
    return load_serve_settings(
        path, {f"MASKSTREAM_{name}": value for name, value in variables.items()}
    )


def test_variables_lie_over_the_file_key_by_key(path: Path) -> None:
    """Numbers, durations and words as in the file; what is beside them stays."""
    settings = load(
        path,
        HTTP__PORT="9000",
        STOP_DEADLINE="30s",
        DEFAULTS__RECORDING__FOLDER="/srv/rec",
        LOG__FORMAT="json",
        OVERLOAD__HOLD="false",
    )

    config = settings.config
    assert config.http is not None
    assert (config.http.port, config.http.names) == (9000, ("cams.example",))
    assert (config.stop_deadline, config.log.format) == (30, "json")
    assert config.overload.hold is False
    assert config.streams["front"].source.stall == 9
    recording = config.streams["front"].recording
    assert recording is not None
    assert recording.folder == Path("/srv/rec")
    assert settings.variables[0] == "MASKSTREAM_STOP_DEADLINE"


def test_a_stream_is_found_by_what_a_variable_can_spell(path: Path) -> None:
    """Ids have capitals, dashes and full stops; a URL alone keeps being the source."""
    streams = load(
        path,
        STREAMS__FRONT__SOURCE__MAX_FPS="5",
        STREAMS__YARD_2_B__SOURCE__STALL="2s",
        STREAMS__NEW__SOURCE="rtsp://c/",
    ).config.streams

    assert list(streams) == ["front", "Yard-2.b", "new"]
    assert (streams["front"].source.url, streams["front"].source.max_fps) == (
        "rtsp://a/",
        5,
    )
    assert (streams["Yard-2.b"].source.stall, streams["Yard-2.b"].overlay.alpha) == (
        2,
        0.1,
    )
    assert streams["new"].source.url == "rtsp://c/"


def test_lists_and_mappings_are_json(path: Path) -> None:
    """A part that has its own variable lies over the whole; null switches off."""
    config = load(
        path,
        HTTP='{"port": 1, "max_viewers": 2}',
        HTTP__PORT="3",
        HTTP__NAMES='["a.example", "b.example"]',
        STREAMS__FRONT__PUBLISH='[{"url": "rtsp://hub/front"}]',
        DEFAULTS__RECORDING="null",
    ).config

    assert config.http is not None
    assert (config.http.port, config.http.max_viewers) == (3, 2)
    assert config.http.names == ("a.example", "b.example")
    assert len(config.streams["front"].publish) == 1
    assert load(path, HTTP="null").config.http is None


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "HTTP__PROT",
            "1",
            "the environment variable MASKSTREAM_HTTP__PROT: unknown key 'http.prot', "
            "did you mean 'MASKSTREAM_HTTP__PORT'",
        ),
        ("HTPP__PORT", "1", "did you mean 'MASKSTREAM_HTTP'"),
        ("STOP_DEADLIN", "1", "did you mean 'MASKSTREAM_STOP_DEADLINE'"),
        ("STREAMS__FRONT__SORCE", "x", "did you mean 'MASKSTREAM_STREAMS__FRONT__SO"),
        ("HTTP__PORT__X", "1", "unknown key 'http.port.x'"),
        ("HTTP__", "1", "unknown key 'http.'"),
        ("HTTP__PORT", "many", "MASKSTREAM_HTTP__PORT: http.port: input should be"),
        ("HTTP__NAMES", "a.example", "http.names: a list is needed"),
    ],
)
def test_what_names_no_key_is_refused(
    path: Path, name: str, value: str, sentence: str
) -> None:
    """In one sentence that says which variable it was."""
    with pytest.raises(ConfigError) as refusal:
        load(path, **{name: value})

    assert sentence in str(refusal.value)


def test_what_was_never_meant_is_left_alone(path: Path) -> None:
    """Secrets for ``${NAME}``, and what Kubernetes tells of a service of that name."""
    settings = load(
        path,
        TOKEN="hush-hush-hush-hush",
        PORT="tcp://10.0.0.1:80",
        SERVICE_HOST="10.0.0.1",
        PORT_8080_TCP_ADDR="10.0.0.1",
    )

    assert settings.variables == ()
    assert settings == load(path)


def test_show_tells_what_is_set_and_no_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens, and passwords in URLs, are masked as those of the file are."""
    for name, value in {
        "HTTP__TOKEN": "hush-hush-hush-hush",
        "HTTP__PORT": "9000",
        "STREAMS__FRONT__SOURCE": "rtsp://user:hush@d/",
        "TELL__WEBHOOKS__OPS__URL": "https://hooks.example/hush",
    }.items():
        monkeypatch.setenv(f"MASKSTREAM_{name}", value)

    shown = CliRunner().invoke(app, ["show", str(path)])

    assert shown.exit_code == 0
    assert "# MASKSTREAM_HTTP__TOKEN is set" in shown.stdout
    assert "port: 9000" in shown.stdout
    assert "rtsp://***@d/" in shown.stdout
    assert "hush" not in shown.stdout


def test_no_refusal_tells_a_secret(path: Path) -> None:
    """Not even one that is too short to be a token."""
    with pytest.raises(ConfigError) as refusal:
        load(path, HTTP__TOKEN="hush")

    assert "hush" not in str(refusal.value)
    assert "MASKSTREAM_HTTP__TOKEN" in str(refusal.value)
