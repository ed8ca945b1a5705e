"""What is hidden reaches no sink: a real pipeline, and all that it writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.models.classes import CAMVID
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Labels, Segmentation
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.annotate import Annotator
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.mask_png import PaletteImages
from maskstream.stages.planes import plane_samples
from maskstream.stages.records import Records
from maskstream.stages.redact import Redactor
from tests.decoding import decoder

pytestmark = pytest.mark.slow

HW = 144, 192
NUM_FRAMES, NUM_UNSETTLED = 30, 5  # at 25 a second, of which 0.2 s are not shown
ROAD, PERSON = CAMVID.index("road"), CAMVID.index("pedestrian")
SINKS = ("video", "records", "images", "snapshot")


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Write a lossless clip of noise, every pixel of which is a secret or a witness."""
    rng = np.random.default_rng(0)
    path = tmp_path / "street.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = HW
        stream.pix_fmt = "yuv420p"
        for _ in range(NUM_FRAMES):
            codes = rng.integers(16, 236, (HW[0] * 3 // 2, HW[1]), np.uint8)
            picture = av.VideoFrame.from_ndarray(codes, format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def walker(index: int) -> Labels:
    """(H, W) with a person who crosses the picture."""
    labels = np.full(HW, ROAD, np.uint8)
    labels[40:104, 4 * index : 4 * index + 24] = PERSON
    return labels


def label(inbox: Inbox) -> Outputs:
    """Stand in for the network."""
    for frame in inbox:
        yield Segmentation(frame, walker(frame.index))


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Writes each picture as a PNG, as a snapshot would, and keeps its luma."""

    folder: Path
    ledger: Ledger
    given: list[NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, inbox: Inbox) -> Outputs:
        """Take every item."""
        for item in inbox:
            frame = item.frame
            luma = plane_samples(frame.picture)[0][:, : HW[1]]
            self.given.append(luma.astype(np.uint8))
            rgb = frame.picture.to_ndarray(format="rgb24")
            cv2.imwrite(str(self.folder / f"shot{frame.index}.png"), rgb[..., ::-1])
            self.ledger.written(frame.stream, "snapshot")
            yield


def luma_of(path: Path) -> list[NDArray[np.uint8]]:
    """Decode the luma of every picture of a video."""
    with av.open(str(path)) as container:
        return [
            plane_samples(picture)[0][:, : HW[1]].astype(np.uint8)
            for picture in container.decode(video=0)
        ]


def shown_as_it_was(now: NDArray[np.uint8], was: NDArray[np.uint8]) -> float:
    """Correlate two pieces: 1 for the same, near 0 for noise and for what is hidden."""
    if np.ptp(now) == 0:
        return 0.0
    return float(np.corrcoef(now.ravel(), was.ravel())[0, 1])


def test_no_sink_gets_the_original(street: Path, tmp_path: Path) -> None:
    """Neither the video nor snapshots show a person; all else is bit-exact in both."""
    ledger = Ledger()
    ledger.open("cam", SINKS)
    snapshots = Snapshots(tmp_path, ledger)
    pipeline = Pipeline(stream="cam")
    safe = (
        pipeline.source("decode", decoder(street, ledger))
        .then("label", label)
        .then(
            "redact",
            Redactor(CAMVID, ["pedestrian"], ledger, margin=0.02, also_hold_s=0.2),
        )
    )
    safe.then(
        "annotate", Annotator(CAMVID, monotonic_clock, alpha=0.0, legend=False)
    ).then("encode", VideoEncoder(tmp_path / "out.mkv", ledger, options={"crf": "0"}))
    safe.then("records", Records(tmp_path / "out.jsonl", CAMVID, ledger))
    safe.then("images", PaletteImages(tmp_path / "masks", CAMVID, ledger))
    safe.then("snapshot", snapshots)

    pipeline.start()
    pipeline.wait()

    account = ledger.accounts()["cam"]
    assert account.is_balanced
    assert account.decoded == NUM_FRAMES
    for sink in SINKS:
        assert account.sinks[sink].dropped == {("redact", "unsettled"): NUM_UNSETTLED}
    lines = (tmp_path / "out.jsonl").read_text().splitlines()[1:]
    indices = [json.loads(line)["index"] for line in lines]
    assert indices == list(range(NUM_UNSETTLED, NUM_FRAMES))

    originals = luma_of(street)
    written = luma_of(tmp_path / "out.mkv")
    assert len(written) == len(snapshots.given) == len(indices)
    for index, in_video, in_memory in zip(
        indices, written, snapshots.given, strict=True
    ):
        np.testing.assert_array_equal(in_video, in_memory)
        was = originals[index]
        labels = [walker(before) for before in range(index - 5, index + 1)]
        person = np.any([one == PERSON for one in labels], axis=0)
        rows, columns = np.nonzero(person)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert abs(shown_as_it_was(in_video[box], was[box])) < 0.2
        assert len(np.unique(in_video[box])) <= 32  # one code for a cell
        near = cv2.dilate(person.astype(np.uint8), np.ones((47, 47), np.uint8))
        np.testing.assert_array_equal(in_video[near == 0], was[near == 0])
        shot = cv2.imread(str(tmp_path / f"shot{index}.png"), cv2.IMREAD_GRAYSCALE)
        assert shot is not None
        assert abs(shown_as_it_was(np.asarray(shot, np.uint8)[box], was[box])) < 0.2
