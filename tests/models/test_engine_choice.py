"""What an engine becomes on a given machine, and what the engines count."""

from __future__ import annotations

import pytest

from maskstream.models.engines.base import IntervalSum
from maskstream.models.engines.select import Machine, choose
from maskstream.pipeline.errors import ConfigError

CPU_ONLY = Machine(0, (), ("bf16", "fp32"), ("bf16", "fp32"))
OLD_CPU = Machine(0, (), ("fp32",), ("fp32",))
WITHOUT_OPENVINO = Machine(0, (), ("bf16", "fp32"), ())
BARE = Machine(0, (), (), (), has_onnxruntime=False)
TWO_GPUS = Machine(2, ("bf16", "fp16", "fp32"), ("bf16", "fp32"), ("bf16", "fp32"))
OLD_GPU = Machine(1, ("fp16", "fp32"), ("fp32",), ("fp32",))


@pytest.mark.parametrize(
    ("machine", "wish", "wanted"),
    [
        (CPU_ONLY, ("auto", "auto", "auto"), ("openvino", "cpu", "bf16")),
        (OLD_CPU, ("auto", "auto", "auto"), ("openvino", "cpu", "fp32")),
        (WITHOUT_OPENVINO, ("auto", "auto", "auto"), ("torch", "cpu", "bf16")),
        (TWO_GPUS, ("auto", "auto", "auto"), ("torch", "cuda:0", "bf16")),
        (OLD_GPU, ("auto", "auto", "auto"), ("torch", "cuda:0", "fp16")),
        (TWO_GPUS, ("openvino", "auto", "auto"), ("openvino", "cpu", "bf16")),
        (TWO_GPUS, ("auto", "cpu", "fp32"), ("openvino", "cpu", "fp32")),
        (TWO_GPUS, ("auto", "cuda", "fp32"), ("torch", "cuda:0", "fp32")),
        (TWO_GPUS, ("torch", "cuda:1", "fp16"), ("torch", "cuda:1", "fp16")),
        (CPU_ONLY, ("torch", "auto", "auto"), ("torch", "cpu", "bf16")),
        (TWO_GPUS, ("onnxruntime", "auto", "auto"), ("onnxruntime", "cpu", "fp32")),
    ],
)
def test_auto_takes_the_best_that_is_there(
    machine: Machine, wish: tuple[str, str, str], wanted: tuple[str, str, str]
) -> None:
    """What is asked for is kept, the rest is the best that the machine has."""
    choice = choose(*wish, machine)

    assert (choice.engine, choice.device, choice.precision) == wanted


@pytest.mark.parametrize(
    ("machine", "wish", "sentence"),
    [
        (CPU_ONLY, ("onnx", "auto", "auto"), "or onnxruntime, got 'onnx'"),
        (CPU_ONLY, ("onnxruntime", "cpu", "bf16"), "bf16; it can in fp32"),
        (TWO_GPUS, ("onnxruntime", "cuda", "auto"), "onnxruntime runs on the CPU"),
        (BARE, ("onnxruntime", "auto", "auto"), r"pip install .maskstream\[onnx\]"),
        (CPU_ONLY, ("auto", "gpu", "auto"), "auto, cpu or cuda:N, got 'gpu'"),
        (CPU_ONLY, ("auto", "auto", "int4"), "fp16 or int8, got 'int4'"),
        (CPU_ONLY, ("torch", "cpu", "int8"), "cannot compute in int8"),
        (CPU_ONLY, ("auto", "cuda:0", "auto"), "no CUDA device .* use device cpu"),
        (TWO_GPUS, ("auto", "cuda:2", "auto"), "at most cuda:1 here, got 'cuda:2'"),
        (TWO_GPUS, ("openvino", "cuda:0", "auto"), "use engine torch or device cpu"),
        (WITHOUT_OPENVINO, ("openvino", "auto", "auto"), "openvino is not installed"),
        (CPU_ONLY, ("torch", "cpu", "fp16"), "cannot .* fp16; it can in bf16 or fp32"),
        (OLD_CPU, ("auto", "auto", "bf16"), "cannot compute in bf16; it can in fp32"),
    ],
)
def test_an_impossible_wish_says_what_would_be_right(
    machine: Machine, wish: tuple[str, str, str], sentence: str
) -> None:
    """Unknown names and pairs that do not go together are refused in one sentence."""
    with pytest.raises(ConfigError, match=sentence):
        choose(*wish, machine)


def test_overlapping_work_counts_once() -> None:
    """Busy time is the union of the intervals."""
    busy = IntervalSum()

    for interval_s in ((1, 3), (2, 4), (2.5, 3), (6, 7)):
        busy.add(*interval_s)

    assert busy.total_s() == 4
