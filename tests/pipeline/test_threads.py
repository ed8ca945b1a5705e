from __future__ import annotations

import pytest

from maskstream.pipeline.threads import ThreadBudget, plan_threads


@pytest.mark.parametrize(
    ("cores", "num_streams", "on_cpu", "budget"),
    [
        (1, 1, True, ThreadBudget(1, 1)),
        (2, 1, True, ThreadBudget(1, 2)),
        (2, 4, True, ThreadBudget(1, 1)),
        (64, 1, True, ThreadBudget(1, 8)),
        (16, 4, False, ThreadBudget(2, 4)),
        (64, 1, False, ThreadBudget(4, 8)),
    ],
)
def test_cores_are_shared_out(
    cores: int, num_streams: int, on_cpu: bool, budget: ThreadBudget
) -> None:
    """No stream gets more than its share, nor more threads than help."""
    found = plan_threads(cores, num_streams=num_streams, is_network_on_cpu=on_cpu)

    assert found == budget
