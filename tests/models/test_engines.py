"""Each engine against a plain forward pass, exact upsampling and arg-max.

The network here is small and known: it labels each pixel with the nearest of a few
colours. Agreement wanted: .9999 of the pixels in fp32, .99 in bf16 and fp16.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maskstream.models.build import build_model
from maskstream.models.engines import Engine, open_engine
from maskstream.models.engines.cuda_engine import CudaEngine
from maskstream.models.engines.select import Machine
from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.pipeline.errors import ModelError
from tests.models.networks import NearestColour
from tests.required import need_module

Picture = NDArray[np.uint8]

_needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available() and "FAIL_WITHOUT_CUDA" not in os.environ,
    reason="no CUDA device; FAIL_WITHOUT_CUDA=1 makes that a failure",
)


class Backend(NamedTuple):
    engine: str
    device: str
    precision: str
    agreement: float


BACKENDS = [
    pytest.param(Backend("torch", "cpu", "fp32", 0.9999), id="torch-fp32"),
    pytest.param(Backend("torch", "cpu", "bf16", 0.99), id="torch-bf16"),
    pytest.param(Backend("twins", "cpu", "fp32", 0.9999), id="cuda-twins"),
    pytest.param(Backend("openvino", "cpu", "fp32", 0.9999), id="openvino-fp32"),
    pytest.param(Backend("openvino", "cpu", "bf16", 0.99), id="openvino-bf16"),
    pytest.param(Backend("onnxruntime", "cpu", "fp32", 0.9999), id="onnxruntime"),
    *(
        pytest.param(
            Backend("torch", "cuda:0", precision, agreement),
            id=f"cuda-{precision}",
            marks=[pytest.mark.gpu, _needs_cuda],
        )
        for precision, agreement in (("fp32", 0.9999), ("bf16", 0.99), ("fp16", 0.99))
    ),
]


@pytest.fixture(scope="module")
def network() -> FCN:
    """The small network, for tests that do not change it."""
    return NearestColour()


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each way to run it that this machine has."""
    backend: Backend = request.param
    if backend.engine == "onnxruntime":
        for module in ("onnx", "onnxruntime"):
            need_module(module)
    is_possible = "bf16" in (
        Machine.look().openvino_precisions
        if backend.engine == "openvino"
        else Machine.look().torch_cpu_precisions
    )
    if backend.device == "cpu" and backend.precision == "bf16" and not is_possible:
        pytest.skip("this CPU computes in fp32 alone")
    return backend


@pytest.fixture(scope="module")
def engine(network: FCN, backend: Backend) -> Iterator[Engine]:
    """The small network on that backend, opened once."""
    with closing(open_backend(network, backend)) as opened:
        yield opened


def open_backend(network: FCN, backend: Backend) -> Engine:
    """Open an engine; the twins are CUDA's engine where it runs in plain torch."""
    if backend.engine == "twins":
        return CudaEngine(network, device="cpu", precision=backend.precision)
    return open_engine(
        network,
        engine=backend.engine,
        device=backend.device,
        precision=backend.precision,
    )


def make_picture(seed: int, height: int = 48, width: int = 64) -> Picture:
    """Paint random colours, a block of 16x16 each; (height, width, 3)."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (-(-height // 16), -(-width // 16), 3), np.uint8)
    return np.ascontiguousarray(
        blocks.repeat(16, axis=0).repeat(16, axis=1)[:height, :width]
    )


def plain_labels(network: FCN, picture: Picture, size_hw: tuple[int, int]) -> Picture:
    """Label one picture by the simplest of means; (H, W)."""
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        scores = network(pixels)
    full = upsample_scores(scores, network.score_grid, picture.shape[:2], size_hw)
    return full.argmax(1)[0].byte().numpy()


def agreement(labels: Sequence[Picture], wanted: Sequence[Picture]) -> float:
    """Return the share of pixels that are equal."""
    pairs = zip(labels, wanted, strict=True)
    return float(np.mean(np.concatenate([(a == b).ravel() for a, b in pairs])))


def test_labels_are_those_of_a_plain_forward_pass(
    engine: Engine, network: FCN, backend: Backend
) -> None:
    """A batch's labels come in its order, each at the size asked for it."""
    pictures = [make_picture(seed) for seed in range(4)]
    sizes_hw = [(90, 120), (90, 120), (48, 64), (31, 57)]

    labels = engine.submit(pictures, sizes_hw).labels()

    wanted = [
        plain_labels(network, picture, size_hw)
        for picture, size_hw in zip(pictures, sizes_hw, strict=True)
    ]
    assert [one.shape for one in labels] == sizes_hw
    assert {one.dtype for one in labels} == {np.dtype(np.uint8)}
    assert agreement(labels, wanted) >= backend.agreement


def test_many_batches_wait_for_labels_to_be_fetched(
    engine: Engine, network: FCN, backend: Backend
) -> None:
    """Submitting never blocks on labels that nobody fetches, and mixes up none."""
    pictures = [make_picture(seed) for seed in range(12)]

    pending = [engine.submit([picture], [(60, 80)]) for picture in pictures]
    labels = [batch.labels()[0] for batch in pending]

    wanted = [plain_labels(network, picture, (60, 80)) for picture in pictures]
    assert agreement(labels, wanted) >= backend.agreement


def test_pictures_of_another_size_may_follow(
    engine: Engine, network: FCN, backend: Backend
) -> None:
    """A batch of another size runs beside those in flight; odd sizes are no matter."""
    pictures = [make_picture(0), make_picture(1, 80, 41), make_picture(2)]

    pending = [engine.submit([picture], [(50, 50)]) for picture in pictures]
    labels = [batch.labels()[0] for batch in pending]

    wanted = [plain_labels(network, picture, (50, 50)) for picture in pictures]
    assert agreement(labels, wanted) >= backend.agreement


def test_labels_may_be_fetched_on_another_thread(engine: Engine) -> None:
    """One thread submits while another takes the labels, in any order."""
    pictures = [make_picture(seed) for seed in range(3)]
    wanted = engine.submit(pictures, [(48, 64)] * 3).labels()
    pending = [engine.submit([picture], [(48, 64)]) for picture in pictures]
    fetched: list[Picture] = []

    def fetch() -> None:
        fetched.extend(batch.labels()[0] for batch in reversed(pending))

    thread = threading.Thread(target=fetch)
    thread.start()
    thread.join()

    np.testing.assert_array_equal(fetched[::-1], wanted)


def test_a_picture_that_cannot_be_written_is_taken(engine: Engine) -> None:
    """Pictures may be read-only and lie in memory as they like."""
    picture = make_picture(0)
    frozen = picture[:, ::-1]
    frozen.flags.writeable = False

    labels = engine.submit([frozen], [(48, 64)]).labels()[0]

    wanted = engine.submit([np.ascontiguousarray(frozen)], [(48, 64)]).labels()[0]
    np.testing.assert_array_equal(labels, wanted)


def test_pictures_are_let_go_when_their_labels_are_there(engine: Engine) -> None:
    """A long run keeps no picture alive."""
    picture = make_picture(0)
    kept = weakref.ref(picture)

    engine.submit([picture], [(48, 64)]).labels()
    del picture

    assert kept() is None


def test_work_and_waiting_are_timed(engine: Engine) -> None:
    """The device has been busy, and the labels' thread has waited for it."""
    busy_s, waited_s = engine.busy_s(), engine.waited_s()

    engine.submit([make_picture(0)], [(48, 64)]).labels()

    assert engine.busy_s() > busy_s
    assert engine.waited_s() > waited_s


def test_inference_mode_stays_inside(engine: Engine) -> None:
    """Whoever submits can still train a network afterwards."""
    pending = engine.submit([make_picture(0)], [(48, 64)])

    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()
    pending.labels()


def test_the_network_given_stays_as_it_is(backend: Backend) -> None:
    """An engine works on a copy: the caller's network keeps type, mode and weights."""
    network = NearestColour().train()
    before = copy.deepcopy(network.state_dict())

    open_backend(network, backend).close()

    assert network.training
    assert all(weight.requires_grad for weight in network.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_network_that_cannot_take_a_picture_is_explained(engine: Engine) -> None:
    """A picture smaller than one score sample gives one sentence."""
    with pytest.raises(ModelError):
        engine.submit([make_picture(0, 4, 4)], [(4, 4)]).labels()


@pytest.mark.slow
def test_the_real_network_agrees_in_openvino() -> None:
    """FCN-8s on Lite0 survives conversion at a size that is no multiple of 32."""
    torch.manual_seed(0)
    network = build_model("fcn8s-lite0-slim", 11).eval()
    picture = make_picture(0, 104, 75)

    with closing(open_engine(network, engine="openvino", precision="fp32")) as engine:
        labels = engine.submit([picture], [(208, 150)]).labels()

    wanted = plain_labels(network, picture, (208, 150))
    assert agreement(labels, [wanted]) >= 0.9999


def test_the_choice_is_told_once(
    network: FCN, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says which engine, device and precision it became, and why."""
    with caplog.at_level(logging.INFO, "maskstream.models.engines"):
        open_engine(network, device="cpu", precision="fp32").close()

    assert [record.getMessage() for record in caplog.records] == [
        "the network runs in openvino on cpu in fp32: the CPU was asked for, "
        "openvino is faster than torch on a CPU, fp32 is as asked"
    ]
