"""The network alone, and with all that is around it: frames a second of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.models.segmentation import fcn_resnet50

from benchmarks.gpu_kernels import make_tables
from benchmarks.gpu_report import Row, median_ms
from benchmarks.gpu_sizes import RESNET, Sizes
from maskstream.models.build import build_model
from maskstream.models.engines.base import YuvPicture
from maskstream.models.engines.cuda_engine import CudaEngine
from maskstream.models.engines.packing import Packed
from maskstream.models.engines.runs import prepare_run
from maskstream.models.engines.torch_engine import DTYPES
from maskstream.models.folding import folded
from maskstream.models.kernels.colour import ColourSpec
from maskstream.models.kernels.overlay import blend_on_device

__all__ = ["time_networks", "time_pipeline"]

_NUM_CLASSES = 19
_BT709 = ColourSpec(0.2126, 0.0722, is_full_range=False)

Network = Callable[[Tensor], Tensor]


def time_networks(sizes: Sizes, ends_at: float) -> Iterator[Row]:
    """Yield a row for each network, precision, batch and way to run it, in time."""
    for name in sizes.networks:
        for precision in sizes.precisions:
            network = _build(name, precision, sizes)
            for way, batch in _ways(sizes, precision):
                if time.monotonic() > ends_at:
                    return
                row: Row = {
                    "network": name,
                    "precision": precision,
                    "way": way,
                    "batch": batch,
                }
                yield row | _time_network(network, way, batch, precision, sizes)


def _ways(sizes: Sizes, precision: str) -> Iterator[tuple[str, int]]:
    yield from (("graph", batch) for batch in sizes.batches)
    yield from (("eager", batch) for batch in sizes.batches)
    if precision == "bf16":
        yield from (("compile", batch) for batch in sizes.compiled_batches)


def _build(name: str, precision: str, sizes: Sizes) -> Network:
    """Build a network with random weights; ours folded, torchvision's as it is."""
    torch.manual_seed(0)
    if name == RESNET:
        peer = fcn_resnet50(
            weights=None, weights_backbone=None, num_classes=_NUM_CLASSES
        ).eval()
        peer.to(sizes.device, DTYPES[precision]).to(memory_format=torch.channels_last)
        return lambda pictures: peer(pictures)["out"]
    network = folded(build_model(name, _NUM_CLASSES))
    network.to(device=sizes.device, dtype=DTYPES[precision])
    network.to(memory_format=torch.channels_last)
    return network.forward_centred


@torch.inference_mode()
def _time_network(
    network: Network, way: str, batch: int, precision: str, sizes: Sizes
) -> Row:
    torch.backends.cudnn.benchmark = True
    shape = batch, 3, *sizes.input_hw
    pictures = torch.randn(shape, device=sizes.device).mul_(60).to(DTYPES[precision])
    pictures = pictures.to(memory_format=torch.channels_last)
    try:
        with _on_a_stream(sizes.device):
            if way == "graph":
                run = prepare_run(network, shape, DTYPES[precision], sizes.device)
                run.pictures.copy_(pictures)
                call: Callable[[], object] = run.score
            elif way == "compile":
                compiled = torch.compile(network, dynamic=False)
                call = lambda: compiled(pictures)  # noqa: E731
            else:
                call = lambda: network(pictures)  # noqa: E731
            ms = median_ms(call, sizes.device, sizes.seconds)
    except RuntimeError as error:  # out of memory too
        return {"ms": "", "frames a second": str(error).splitlines()[0][:80]}
    return {"ms": round(ms, 3), "frames a second": round(batch / ms * 1e3, 1)}


def _on_a_stream(device: torch.device) -> AbstractContextManager[object]:
    """Leave the default stream, on which no graph can be captured."""
    if device.type == "cpu":
        return nullcontext()
    return torch.cuda.stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]


class _PaintingEngine(CudaEngine):
    """Paints the planes where they lie on the device, and sends them back as well."""

    def _label(
        self,
        packed: Packed,
        fills: Sequence[Any],
        size_hw: tuple[int, int],
        sizes_hw: Sequence[tuple[int, int]],
        buffer: Tensor,
    ) -> list[Tensor]:
        labels = super()._label(packed, fills, size_hw, sizes_hw, buffer)
        tables = make_tables(buffer.device)
        for (y, u, v), own in zip(packed.unpack(buffer), labels, strict=True):
            blend_on_device((y, u, v), own, *tables, 0)
        return [*labels, buffer]


def time_pipeline(
    sizes: Sizes, networks: Sequence[Row], ends_at: float
) -> Iterator[Row]:
    """Yield a row for each batch: planes of the network's size in, labels out."""
    alone = {
        (row["network"], row["precision"], row["batch"]): row["frames a second"]
        for row in networks
        if row["way"] == "graph"
    }
    for name in sizes.networks:
        if name == RESNET:
            continue
        model = build_model(name, _NUM_CLASSES)
        for engine_type, planes, out in (
            (CudaEngine, "host", "labels"),
            (_PaintingEngine, "host", "and planes"),
            (CudaEngine, "device", "labels"),
        ):
            precision = sizes.precisions[0]
            with closing(
                engine_type(model, device=str(sizes.device), precision=precision)
            ) as engine:
                for batch in sizes.batches:
                    if time.monotonic() > ends_at:
                        return
                    picture = _make_picture(planes, sizes)
                    rate = _rate(engine, picture, batch, sizes.seconds)
                    best = alone.get((name, precision, batch))
                    yield {
                        "network": name,
                        "precision": precision,
                        "planes": planes,
                        "out": out,
                        "batch": batch,
                        "frames a second": round(rate, 1),
                        "of the network": round(rate / best, 3)
                        if isinstance(best, float)
                        else "",
                    }


def _make_picture(place: str, sizes: Sizes) -> YuvPicture:
    """Make noise of the network's size: planes on the host, or NV12 on the device."""
    height, width = sizes.input_hw
    if place == "device":
        y, uv = (
            torch.randint(256, size, dtype=torch.uint8, device=sizes.device)
            for size in ((height, width), (height // 2, width // 2, 2))
        )
        return YuvPicture((y, uv), _BT709, 0, sizes.input_hw)
    rng = np.random.default_rng(0)
    planes = tuple(
        rng.integers(0, 256, size, np.uint8)
        for size in ((height, width), *[(height // 2, width // 2)] * 2)
    )
    return YuvPicture(planes, _BT709, 0, sizes.input_hw)


def _rate(engine: CudaEngine, picture: YuvPicture, batch: int, seconds: float) -> float:
    """Submit on one thread and fetch on another, as the pipeline does."""
    pictures, sizes_hw = [picture] * batch, [picture.network_hw] * batch
    for _ in range(3):
        engine.submit(pictures, sizes_hw).labels()
    num = 0
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as fetcher:
        fetched = []
        while num < 4 or time.perf_counter() - began < 5 * seconds:
            pending = engine.submit(pictures, sizes_hw)
            fetched.append(fetcher.submit(pending.labels))
            num += 1
            if num > 4:
                fetched[num - 4].result()  # bounds what waits to be fetched
        for one in fetched:
            one.result()
    return num * batch / (time.perf_counter() - began)
