"""A daemon and a client, for every test of the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.server.http.api import api
from tests.server.http.fake_control import FakeControl


@pytest.fixture
def control() -> Iterator[FakeControl]:
    """A daemon without streams."""
    with FakeControl() as control:
        yield control


@pytest.fixture
def client(control: FakeControl) -> Iterator[httpx.Client]:
    """A client of its API, which admits the documentation's addresses."""
    with api(control, allowed_sources={"hosts": ["192.0.2.0/24"]}) as client:
        yield client
