from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from maskstream.models.fetching import cache_dir, fetch, locate_weights
from maskstream.pipeline.errors import ModelError
from tests.servers import http_server, refusing_port, talking_server

CONTENT = b"weights of a kind"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@contextmanager
def closing_server(answer: bytes) -> Iterator[int]:
    """Say ``answer`` to the first who calls and hang up; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            call, _ = listener.accept()
            with call:
                call.recv(4096)
                call.sendall(answer)

        thread = Thread(target=talk)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is fetched in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cache_dir()


def test_names_and_paths_are_left_as_they_are() -> None:
    """Only what is elsewhere is fetched."""
    assert locate_weights("fcn8s-lite0") == "fcn8s-lite0"
    assert locate_weights("runs/7/best.safetensors") == "runs/7/best.safetensors"


def test_a_file_is_fetched_once_and_kept(cache: Path) -> None:
    """The second time nobody is asked: the server is gone."""
    with http_server(CONTENT) as port:
        url = urlsplit(f"http://127.0.0.1:{port}/net.safetensors")
        first = fetch(url)

    second = fetch(url)

    assert first == second
    assert first.read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == [first.name]
    assert first.name.endswith("-net.safetensors")


def test_a_digest_in_the_url_is_checked(cache: Path) -> None:
    """A file of another digest is not kept."""
    with http_server(CONTENT) as port:
        url = f"http://127.0.0.1:{port}/net.safetensors#sha256="
        path = fetch(urlsplit(url + DIGEST))
        path.unlink()

        with pytest.raises(ModelError, match=f"is {DIGEST}, and 0{{64}} was asked for"):
            fetch(urlsplit(url + 64 * "0"))

    assert list(cache.iterdir()) == []


def test_a_file_cut_short_is_not_kept(cache: Path) -> None:
    """A connection that ends early is told, and leaves nothing."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\nweights"
    with (
        closing_server(answer) as port,
        pytest.raises(ModelError, match="it ended after 7 of 99 bytes"),
    ):
        fetch(urlsplit(f"http://127.0.0.1:{port}/net.safetensors"))

    assert list(cache.iterdir()) == []


def test_a_redirect_away_from_https_is_not_followed() -> None:
    """Nobody on the way may choose where weights come from."""
    answer = b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
    with (
        talking_server(answer) as port,
        pytest.raises(ModelError, match="redirects to an address without https"),
    ):
        fetch(urlsplit(f"http://127.0.0.1:{port}/net.safetensors"))


def test_what_is_not_there_is_told_without_secrets() -> None:
    """The query of a URL is not shown."""
    with http_server() as port, pytest.raises(ModelError) as caught:
        fetch(urlsplit(f"http://127.0.0.1:{port}/404?token=secret"))

    assert "127.0.0.1/404: cannot be fetched: Not Found" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    """It would be sent to whoever answers."""
    with pytest.raises(ModelError, match="no password is sent") as caught:
        locate_weights("https://me:secret@localhost/net.safetensors")

    assert "secret" not in str(caught.value)


def test_a_host_that_does_not_answer_is_told() -> None:
    """One sentence, with the reason of the system."""
    url = f"https://127.0.0.1:{refusing_port()}/net.safetensors"

    with pytest.raises(ModelError, match=r"net\.safetensors: cannot be fetched: .*ref"):
        locate_weights(url)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("http://host/net.safetensors", "http: weights are fetched from https or hf:"),
        ("ftp://host/net.safetensors", "ftp: weights are fetched from https or hf:"),
        ("hf:owner/repo", "hf:owner/repo: want hf:OWNER/REPO/FILE"),
        ("hf:net.safetensors", "want hf:OWNER/REPO/FILE"),
    ],
)
def test_other_places_are_refused(given: str, message: str) -> None:
    """The message says what would be right."""
    with pytest.raises(ModelError, match=message):
        locate_weights(given)


def test_without_a_network_the_hub_is_said_to_be_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Offline as huggingface_hub knows it; nothing was fetched before."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(ModelError, match="the hub does not answer, and no copy was"):
        locate_weights("hf:owner/repo/net.safetensors@main")


def test_a_cache_that_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anybody is asked for the file."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")

    with pytest.raises(ModelError, match=r"^/proc/.* cannot be made: no such file"):
        fetch(urlsplit("https://localhost:9/x.safetensors"))
