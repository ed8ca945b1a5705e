"""The daemon's configuration: defaults under streams, secrets out of sight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maskstream.pipeline.commands.config import check
from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.serve import (
    ServeSettings,
    load_serve_settings,
    masked,
    parse_serve_settings,
)

CONFIGS = Path(__file__).parents[2] / "configs"
SECRETS = {
    "MASKSTREAM_TOKEN": "hush-hush-hush-hush",
    "CAMERA_PASSWORD": "hush",
}


def parse(**settings: Any) -> ServeSettings:
    """Check settings."""
    return parse_serve_settings(settings)


def test_defaults_lie_under_every_stream() -> None:
    """Key by key, into their depth; a source may be its URL alone."""
    config = parse(
        defaults={"source": {"stall": "9s"}, "overlay": {"alpha": 0.1}, "priority": 3},
        streams={
            "a": {"source": "rtsp://a/", "overlay": {"contours": True}},
            "b": {"source": {"url": "rtsp://b/", "stall": "2s"}, "priority": 1},
        },
    ).config

    a, b = config.streams["a"], config.streams["b"]
    assert (a.source.url, a.source.stall, a.priority) == ("rtsp://a/", 9, 3)
    assert (a.overlay.alpha, a.overlay.contours) == (0.1, True)
    assert (b.source.url, b.source.stall, b.priority) == ("rtsp://b/", 2, 1)


def test_a_stream_may_do_without_a_default() -> None:
    """Null switches off what the defaults have on."""
    config = parse(
        defaults={"recording": {"folder": "x"}},
        streams={
            "a": {"source": "rtsp://a/"},
            "b": {"source": "rtsp://b/", "recording": None},
        },
    ).config

    assert config.streams["a"].recording is not None
    assert config.streams["b"].recording is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"streems": {}}, "unknown key 'streems', did you mean 'streams'"),
        ({"defaults": {"sorce": "x"}}, "'defaults.sorce', did you mean 'source'"),
        (
            {"streams": {"a": {"source": {"url": "x", "stal": 1}}}},
            "'streams.a.source.stal', did you mean 'stall'",
        ),
        ({"streams": {"a": {}}}, "streams.a: source is missing"),
        ({"streams": {"a": 5}}, "streams.a: a mapping of settings is needed"),
        ({"streams": []}, "streams: a mapping of settings is needed"),
        ({"streams": {"a b": {"source": "x"}}}, "letters, digits"),
        ({"overload": {"every": 0}}, "overload.every: input should be greater"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    settings: dict[str, Any], sentence: str
) -> None:
    """With the key, and once only where the defaults are wrong."""
    with pytest.raises(ConfigError, match=sentence) as caught:
        parse_serve_settings(settings, origin="serve.yaml")

    assert str(caught.value).startswith("serve.yaml: ")
    assert str(caught.value).count("did you mean") <= 1


@pytest.mark.parametrize("text", ["", "streams:", "http: {port: 8080}", "# no more"])
def test_a_file_without_streams_is_refused(tmp_path: Path, text: str) -> None:
    """It was emptied or half written; taken at its word it would end every camera."""
    path = tmp_path / "serve.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"serve\.yaml: streams is missing"):
        load_serve_settings(path)


def test_check_refuses_an_empty_file(tmp_path: Path) -> None:
    """It would be one of a run's, whose every setting has a default."""
    path = tmp_path / "serve.yaml"
    path.touch()

    with pytest.raises(ConfigError, match=r"serve\.yaml: nothing is set in it"):
        check(path)


def test_streams_may_all_come_over_http(tmp_path: Path) -> None:
    """Whoever wants none in the file says so."""
    path = tmp_path / "serve.yaml"
    path.write_text("streams: {}")

    assert load_serve_settings(path).config.streams == {}


@pytest.mark.parametrize("name", ["serve.yaml", "cameras.yaml"])
def test_shipped_examples_load_and_show_no_secret(name: str) -> None:
    """Whoever looks at the configuration in force learns no password."""
    config = load_serve_settings(CONFIGS / name, SECRETS).config

    assert config.streams
    assert "hush" not in repr(masked(config))
    assert "***" in repr(masked(config)) or name == "serve.yaml"
