"""URLs for display: nothing in them opens a door."""

from __future__ import annotations

import time

import pytest

from maskstream.stages.credentials import mask_credentials, mask_in_text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam:554/main", "rtsp://cam:554/main"),
        ("rtsp://admin:pw@cam:554/main", "rtsp://***@cam:554/main"),
        ("RTSP://admin:p@w@cam", "RTSP://***@cam"),
        ("rtsp://admin:p/w?#x@cam/main", "rtsp://***@cam/main"),
        ("rtsp://admin:12/34@cam/main", "rtsp://***@cam/main"),
        ("https://token@host/a.m3u8", "https://***@host/a.m3u8"),
        ("http://host/@me/a.mp4", "http://host/@me/a.mp4"),
        ("https://s3/a.mp4?sig=pw&x=1", "https://s3/a.mp4?sig=***&x=***"),
        ("https://host/a.mp4?pw", "https://host/a.mp4?***"),
        ("https://host/a.mp4#pw", "https://host/a.mp4"),
        ("rtsp://cam/user=a_password=pw&c=1", "rtsp://cam/user=***&c=1"),
        ("rtsp://cam/main;token=pw/x", "rtsp://cam/main;token=***/x"),
        ("rtmp://host/live/pw?k=pw", "rtmp://host/live/***?k=***"),
        ("http://[::1]:80/a.mp4", "http://[::1]:80/a.mp4"),
        ("clips/password=1.mp4", "clips/password=1.mp4"),
    ],
)
def test_secrets_are_masked_and_the_rest_is_shown(url: str, shown: str) -> None:
    """Who reads a log learns which camera it was."""
    assert mask_credentials(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp:/bob:pw@h/x: there is no", "rtsp:/***@h/x: there is no"),
        ("got ['rtsp://bob:p/w@h/x']", "got ['rtsp://***@h/x']"),
        ("a:b at 12:30, me@home", "a:b at 12:30, me@home"),
        ("http://h:80/a and x@y", "http://h:80/a and x@y"),
    ],
)
def test_secrets_within_a_sentence_are_masked(text: str, shown: str) -> None:
    """Even of a URL that was taken for something else."""
    assert mask_in_text(text) == shown


@pytest.mark.parametrize("text", ["rtsp://" * 8000, "a." * 30_000, "rtsp://a:" * 6000])
def test_no_text_takes_long_to_mask(text: str) -> None:
    """Such as who wants the daemon to do nothing else would send (it took 19 s)."""
    began_s = time.thread_time()
    mask_in_text(text)

    assert time.thread_time() - began_s < 2
