from __future__ import annotations

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.recording.names import SegmentNames
from tests.recordings import NOON


def test_a_name_has_the_stream_and_the_start_in_utc() -> None:
    """Folders are part of the pattern."""
    names = SegmentNames("{stream}/%Y-%m-%d/{stream}_%H-%M-%S", 300)

    assert str(names.name("yard.2", NOON + 61.9)) == "yard.2/2026-11-28/yard.2_12-01-01"


def test_the_clock_is_cut_at_whole_parts_of_the_day() -> None:
    """A minute after the last second of a day another one begins."""
    names = SegmentNames(length_s=300)

    assert names.number(NOON) == names.number(NOON + 299.9)
    assert names.number(NOON + 300) == names.number(NOON) + 1
    assert names.number(NOON) * 300 == NOON


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("/srv/{stream}/%Y-%m-%d_%H-%M-%S", "must not begin with /"),
        ("{stream}/../%Y-%m-%d_%H-%M-%S", "begin with a full stop"),
        ("{stream}/.hidden/%Y-%m-%d_%H-%M-%S", "begin with a full stop"),
        ("{stream}/%Y-%m-%d_%H-%M-%S/", "must not end with /"),
        ("{stream}\\%Y-%m-%d_%H-%M-%S", "plain text"),
        ("{stream}\n%Y-%m-%d_%H-%M-%S", "plain text"),
        ("%Y-%m-%d_%H-%M-%S", "{stream} must be part"),
        ("{camera}_%Y-%m-%d_%H-%M-%S", "{camera} is not a field"),
        ("{stream.__class__}_%Y", "{stream.__class__} is not a field"),
        ("{stream}_{%Y-%m-%d", "{%Y-%m-%d is not a field"),
        ("{stream}_%D_%H-%M-%S", "%D is not a field"),
        ("{stream}_%Y-%m-%d_%", "% is not a field"),
        ("{stream}" + "x" * 150 + "/%Y-%m-%d_%H-%M-%S", "longer than 150 bytes"),
        ("{stream}", "as one that began 60 s before"),
        ("{stream}/%Y-%m-%d", "as one that began 60 s before"),
        ("{stream}/%H-%M-%S", "as one that began 86400 s before"),
        ("{stream}/%d_%H-%M-%S", "as one that began 2.6784e+06 s before"),
        ("{stream}/%m-%d_%H-%M-%S", "as one that began 3.1536e+07 s before"),
    ],
)
def test_a_pattern_that_escapes_or_repeats_is_refused(
    pattern: str, problem: str
) -> None:
    """In one sentence, before anything is recorded."""
    with pytest.raises(ConfigError) as caught:
        SegmentNames(pattern, 60)

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "pattern",
    ["{stream}/%Y-%m-%d_%H-%M", "{stream}/%Y/%j/%H-%M", "a/%Y%m%d%H%M{stream}"],
)
def test_names_need_no_more_than_tells_segments_apart(pattern: str) -> None:
    """Minutes tell apart what lasts minutes."""
    assert SegmentNames(pattern, 60).name("cam", NOON) != SegmentNames(
        pattern, 60
    ).name("cam", NOON + 60)


@pytest.mark.parametrize("length_s", [0, 0.5, 7 * 60, 86_401])
def test_a_length_that_does_not_divide_the_day_is_refused(length_s: float) -> None:
    """Files would begin at other times each day."""
    with pytest.raises(ConfigError, match="divide the day evenly"):
        SegmentNames(length_s=length_s)


@pytest.mark.parametrize("stream", ["", "..", ".cam", "-rf", "a/b", "a b", "a\0", "é/"])
def test_a_stream_that_cannot_be_in_a_name_is_refused(stream: str) -> None:
    """Its id would lead out of the folder, or be an option of some command."""
    with pytest.raises(ConfigError, match="id of a stream that is recorded"):
        SegmentNames().name(stream, NOON)
