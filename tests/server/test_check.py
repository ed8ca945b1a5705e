"""What is wrong in a configuration is told by file and key, and exits with 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.server.daemon import check


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ("streams: {a: {source: 'synthetic:'}}", "streams.a.source: "),
        ("streams: {a: {source: 'camera:x'}}", "streams.a.source: camera:x: want"),
        ("streams: {a: {source: 'loop:/nope.mp4'}}", "streams.a.source: /nope.mp4"),
        (
            "streams: {a: {source: 'rtsp://h/1', privacy: {hide: [person]}}}",
            "streams.a.privacy: no class is named 'person'",
        ),
        ("model: {name: nope}\nstreams: {}", "model: nope: there are no such weights"),
        ("a: &a [*a]\nstreams: *a", r"not valid YAML in line 1: \*a stands within"),
        ("model: {size: 0x0}\nstreams: {}", "model.size: a size such as 512x288"),
        (
            "streams: {a: {source: 'rtsp://h/1', recording: {folder: /etc/passwd}}}",
            "streams.a.recording: /etc/passwd is a file, a folder is needed",
        ),
        ("http: {port: true}", "http.port: a port is needed, got true"),
        (
            "defaults: {source: {stall: .inf}}",
            "defaults.source.stall: input should be a finite number",
        ),
        (
            "http: {allowed_sources: {hosts: [10.0.0.0/99]}}",
            "http.allowed_sources.hosts: a network such as 10.0.0.0/8 is needed",
        ),
    ],
)
def test_a_mistake_is_told_by_file_and_key(
    settings: str, where: str, tmp_path: Path
) -> None:
    """ConfigError, so that systemd does not try again."""
    path = tmp_path / "serve.yaml"
    path.write_text(settings)

    with pytest.raises(ConfigError, match=f"^{path}: {where}"):
        check(path)
