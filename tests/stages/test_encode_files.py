"""Annotated files take their names when whole, and codecs are checked first."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.codecs import CODECS, check_codec
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.verify import verify
from tests.clips import make_clip
from tests.sinks import read_clip, run_sink, times_of


def test_a_change_of_format_opens_another_file(tmp_path: Path) -> None:
    """What comes after goes to NAME-2, at the pts that it has."""
    small = make_clip(tmp_path / "small.mp4", frames=6)
    large = make_clip(
        tmp_path / "large.mp4", frames=6, size_hw=(96, 128), pts=range(6, 12)
    )
    output = tmp_path / "output.mp4"
    items = [*read_clip(small)[0], *read_clip(large)[0]]

    run_sink(VideoEncoder(output, Ledger()), items)

    assert times_of(output) == times_of(small)
    assert times_of(tmp_path / "output-2.mp4") == times_of(large)
    assert sorted(path.name for path in tmp_path.glob("output*")) == [
        "output-2.mp4",
        "output.mp4",
    ]


def test_a_further_file_takes_the_name_of_no_other(tmp_path: Path) -> None:
    """Other outputs, files that exist and what older runs left are passed over."""
    small = make_clip(tmp_path / "small.mp4", frames=2)
    large = make_clip(
        tmp_path / "large.mp4", frames=2, size_hw=(96, 128), pts=range(2, 4)
    )
    items = [*read_clip(small)[0], *read_clip(large)[0]]
    (tmp_path / "output-3.mp4").touch()
    (tmp_path / "output-4.partial.mp4").touch()
    others = [tmp_path / "output-2.mp4"]

    encoder = VideoEncoder(tmp_path / "output.mp4", Ledger(), reserved=others)
    ledger = run_sink(encoder, items)

    files = ledger.accounts()["cam"].sinks["video"].files
    assert files == (str(tmp_path / "output.mp4"), str(tmp_path / "output-5.mp4"))
    assert times_of(tmp_path / "output-5.mp4") == times_of(large)


def test_a_frame_with_the_pts_of_another_is_moved_after_it(tmp_path: Path) -> None:
    """A damaged source loses no frame for it, and the ledger notes it."""
    source = make_clip(tmp_path / "source.mp4", frames=3)
    one, two, three = read_clip(source)[0]
    same = replace(two, frame=replace(two.frame, pts=one.frame.pts))

    ledger = run_sink(
        VideoEncoder(tmp_path / "output.mp4", Ledger()), [one, same, three]
    )

    assert len(times_of(tmp_path / "output.mp4")) == 3
    assert ledger.accounts()["cam"].notes == {"pts_moved": 1}


def test_the_name_is_taken_only_by_a_whole_file(tmp_path: Path) -> None:
    """A frame that never arrived leaves the partial name, playable to its end."""
    source = make_clip(tmp_path / "source.mp4")
    output = tmp_path / "output.mp4"
    output.write_text("older")
    items, _ = read_clip(source)

    run_sink(VideoEncoder(output, Ledger()), items[:12], decoded=20)

    assert output.read_text() == "older"
    assert times_of(tmp_path / "output.partial.mp4") == times_of(source)[:12]


def test_an_encoder_that_is_closed_leaves_what_it_has(tmp_path: Path) -> None:
    """Leaving early ends the file properly, and lets the side packets go."""
    source = make_clip(tmp_path / "source.mp4", frames=40, audio=1)
    items, packets = read_clip(source)
    encoder = VideoEncoder(
        tmp_path / "output.mp4", Ledger(), packets, options=CODECS["h264"].low_delay
    )
    outcomes = encoder(Channel.of(*items))
    for _ in range(30):
        next(outcomes)

    outcomes.close()

    times = times_of(tmp_path / "output.partial.mp4")
    assert times == times_of(source)[: len(times)]
    assert len(times) >= 29
    assert packets.take_rest() == []


def test_no_frame_makes_no_file(tmp_path: Path) -> None:
    """An empty stream leaves nothing behind."""
    assert list(VideoEncoder(tmp_path / "output.mp4", Ledger())(Channel.of())) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_each_codec_keeps_times_and_tags(codec: str, tmp_path: Path) -> None:
    """The codec changes the bytes of the pictures and nothing else."""
    source = make_clip(
        tmp_path / "source.mp4",
        frames=12,
        pts=[512 * i * i for i in range(12)],
        time_base=Fraction(1, 12800),
    )
    check_codec(codec, {})

    items, packets = read_clip(source)
    encoder = VideoEncoder(tmp_path / "output.mp4", Ledger(), packets, codec=codec)
    run_sink(encoder, items)

    assert verify(source, tmp_path / "output.mp4").differences == []


def test_an_unusable_codec_is_refused_before_the_run() -> None:
    """A typing error and an option that does not exist each give one sentence."""
    with pytest.raises(ConfigError, match="no codec is named 'h265'; known: h264"):
        check_codec("h265", {})
    with pytest.raises(ConfigError, match="codec h264 has no option crff"):
        check_codec("h264", {"crff": "20"})
    with pytest.raises(ConfigError, match=r"codec h264 has no preset 'warp'"):
        check_codec("h264", {"preset": "warp"})
    with pytest.raises(ConfigError, match=r"\.mov cannot hold av1; \.mkv can"):
        check_codec("av1", {}, suffix=".mov")
