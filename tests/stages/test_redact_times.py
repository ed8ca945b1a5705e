"""What a redactor knows of the frames before, and what it drops for want of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maskstream.pipeline.frame import Labels, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.planes import plane_samples
from maskstream.stages.redact_kernel import prepare_redaction
from tests.pictures import make_noise, make_segmentation
from tests.redacting import HW, empty, person, redact


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    prepare_redaction()


def at(
    item: Segmentation, seconds: float, labels: Labels | None = None, *, held: bool
) -> Segmentation:
    """The same stream at another time, perhaps with other labels."""
    frame = replace(item.frame, pts=round(seconds * 1000))
    return replace(
        item,
        frame=frame,
        labels=item.labels if labels is None else labels,
        is_held=held,
    )


def left_hidden(item: Segmentation) -> int:
    """Count the rows at the left edge that are grey: where `person(0, 0)` was."""
    luma = plane_samples(item.frame.picture)[0][:, :8]
    return int((np.ptp(luma, axis=1) == 0).sum())


def test_what_was_hidden_is_hidden_still(rng: np.random.Generator) -> None:
    """For ``also_hold_s`` after the network saw it last, and no longer."""
    first = make_segmentation(make_noise(rng, "yuv420p", HW), empty())
    items = [
        first,
        at(first, 0.5, person(0, 0), held=False),
        at(first, 0.9, empty(), held=False),
        at(first, 1.0, empty(), held=False),
        at(first, 1.1, empty(), held=False),
    ]

    passed = redact(items, also_hold_s=0.5, is_filled=True)

    assert [item.frame.pts for item in passed] == [500, 900, 1000, 1100]
    assert [left_hidden(item) for item in passed] == [8, 8, 8, 0]


def test_nothing_is_shown_before_the_network_has_looked_for_a_while(
    rng: np.random.Generator,
) -> None:
    """At the beginning, after a gap, a change of format, and a step back in time."""
    ledger = Ledger()
    first = make_segmentation(make_noise(rng, "yuv420p", HW), empty())
    other = make_segmentation(make_noise(rng, "yuv420p", HW), empty())
    items = [
        *(at(first, time_s, held=False) for time_s in (10.0, 10.4, 10.5)),
        *(at(first, time_s, held=False) for time_s in (13.0, 13.4, 13.5)),
        *(at(first, time_s, held=False) for time_s in (0.0, 0.4, 0.5)),
        *(at(other, time_s, held=False) for time_s in (0.6, 1.2)),
    ]

    passed = redact(items, ledger, also_hold_s=0.5)

    assert [item.frame.pts for item in passed] == [10500, 13500, 500, 1200]
    account = ledger.accounts()["cam"].sinks["video"]
    assert account.dropped == {("redact", "unsettled"): 7}


def test_a_slow_stream_is_not_taken_for_one_that_breaks(
    rng: np.random.Generator,
) -> None:
    """A picture every ten seconds is shown from the second on."""
    first = make_segmentation(make_noise(rng, "yuv420p", HW), empty())
    items = [at(first, 10.0 * number, held=False) for number in range(5)]

    passed = redact(items, also_hold_s=0.5)

    assert [item.frame.pts for item in passed] == [10000, 20000, 30000, 40000]


def test_held_frames_are_dropped(rng: np.random.Generator) -> None:
    """Nobody has looked for people in them."""
    ledger = Ledger()
    first = make_segmentation(make_noise(rng, "yuv420p", HW), person(0, 0))
    items = [first, at(first, 0.1, held=True), at(first, 0.2, empty(), held=False)]

    passed = redact(items, ledger)

    assert [item.frame.pts for item in passed] == [0, 200]
    account = ledger.accounts()["cam"].sinks["video"]
    assert account.dropped == {("redact", "held"): 1}


def test_held_frames_may_be_shown_with_a_margin_that_grows(
    rng: np.random.Generator,
) -> None:
    """By 0.3 of the shorter side a second, as people and cars move."""
    size_hw = 240, 320
    picture = make_noise(rng, "yuv420p", size_hw)
    first = make_segmentation(picture, person(0, 0, size_hw))
    items = [first, *(at(first, age_s, held=True) for age_s in (0.1, 0.5, 1.0))]

    passed = redact(items, shows_held=True, is_filled=True)

    assert [left_hidden(item) for item in passed] == [8, 16, 48, 80]


def test_held_labels_of_a_frame_that_was_lost_are_taken_to_be_old(
    rng: np.random.Generator,
) -> None:
    """Their frame came after the one before, and nothing more is known."""
    size_hw = 240, 320
    first = make_segmentation(make_noise(rng, "yuv420p", size_hw), empty(size_hw))
    held = at(first, 0.5, person(0, 0, size_hw), held=True)

    _, passed = redact([first, held], shows_held=True, is_filled=True)

    assert left_hidden(passed) == 48
