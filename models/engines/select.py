"""Which engine, device and precision: the best that is there, or as asked."""

from __future__ import annotations

import ctypes
import logging
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from llvmlite.binding import get_host_cpu_features

from maskstream.models.engines.base import Engine
from maskstream.models.engines.openvino_model import openvino_core
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from maskstream.models.engines.converted import ConvertedNetwork
    from maskstream.models.fcn import FCN

logger = logging.getLogger(__name__)

_ENGINES = ("torch", "openvino", "onnxruntime")
_PRECISIONS = ("bf16", "fp16", "fp32")  # the best first
_INT8 = "int8"  # where a network of it is there: see `eight_bits`
_ON_CPU = ("openvino", "onnxruntime")
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers; precisions in the order of preference."""

    cuda_devices: int
    cuda_precisions: tuple[str, ...]
    torch_cpu_precisions: tuple[str, ...]
    """Empty where torch was not asked, nor for CUDA: it takes seconds to load."""
    openvino_precisions: tuple[str, ...]
    """Empty where OpenVINO is not installed."""
    has_onnxruntime: bool = True

    @classmethod
    def look(cls, engine: str = "torch", device: str = "auto") -> Machine:
        """Look at the devices and libraries that are here.

        Args:
            engine: what is wished for; torch is asked where it may be what runs.
            device: the same.
        """
        has_onnxruntime = find_spec("onnxruntime") is not None
        if engine == "onnxruntime":
            return cls(0, (), (), (), has_onnxruntime)
        openvino_precisions = _openvino_precisions()
        is_cpu = engine == "openvino" or device == "cpu" or not _has_cuda_driver()
        if openvino_precisions and engine != "torch" and is_cpu:
            return cls(0, (), (), openvino_precisions)
        import torch

        cuda_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        cuda_has_bf16 = cuda_devices > 0 and torch.cuda.is_bf16_supported(
            including_emulation=False
        )
        cpu_has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return cls(
            cuda_devices=cuda_devices,
            cuda_precisions=_PRECISIONS if cuda_has_bf16 else ("fp16", "fp32"),
            torch_cpu_precisions=("bf16", "fp32") if cpu_has_bf16 else ("fp32",),
            openvino_precisions=openvino_precisions,
            has_onnxruntime=has_onnxruntime,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine that this machine can run, and why this one on this device."""

    engine: str
    device: str
    precision: str
    reason: str


def open_engine(
    model: FCN | WeightsFile,
    *,
    engine: str = "auto",
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Engine:
    """Put a network on the best engine there is, or on the one asked for, and say so.

    Args:
        model: left as it is. Weights in their file run without torch, and start sooner,
            where the engine is OpenVINO.
        engine: ``auto``, ``torch``, ``openvino`` or ``onnxruntime``.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        precision: ``auto``, ``fp32``, ``bf16``, ``fp16`` or ``int8``; auto takes 8 bits
            where such a network lies beside its weights and the CPU has VNNI.
        threads: CPU threads of the network; by default as many as this process has
            cores.

    Raises:
        ConfigError: what is asked for is unknown or not to be had here.
        ModelError: the engine cannot run this network.
    """
    if isinstance(model, WeightsFile) and model.is_converted and engine == "auto":
        engine = "openvino"
    machine = Machine.look(engine, device)
    choice = choose(engine, device, precision, machine)
    opened = _open(model, choice, precision, machine, threads)
    logger.info(
        "the network runs in %s on %s in %s: %s, %s is %s",
        *(opened.name, opened.device, opened.precision, choice.reason),
        opened.precision,  # not the choice's: it may be a network of 8 bits
        "the best it has" if precision == "auto" else "as asked",
    )
    return opened


def _open(
    model: FCN | WeightsFile,
    choice: Choice,
    precision: str,
    machine: Machine,
    threads: int | None,
) -> Engine:
    if choice.engine == "openvino":
        return _open_openvino(model, precision, machine.openvino_precisions, threads)
    if choice.engine == "onnxruntime":
        from maskstream.models.engines.onnx_engine import open_onnxruntime

        return open_onnxruntime(model, threads)
    network = model.load() if isinstance(model, WeightsFile) else model
    if choice.device != "cpu":
        from maskstream.models.engines.cuda_engine import CudaEngine

        return CudaEngine(network, device=choice.device, precision=choice.precision)
    from maskstream.models.engines.torch_engine import TorchEngine

    return TorchEngine(network, precision=choice.precision, threads=threads)


def choose(engine: str, device: str, precision: str, machine: Machine) -> Choice:
    """Settle what is ``auto`` and check the rest against what the machine offers.

    Raises:
        ConfigError: what is asked for is unknown or not to be had here.
    """
    if engine not in ("auto", *_ENGINES):
        raise ConfigError(
            f"engine must be auto, torch, openvino or onnxruntime, got {engine!r}"
        )
    if not _DEVICE.fullmatch(device):
        raise ConfigError(f"device must be auto, cpu or cuda:N, got {device!r}")
    if precision not in ("auto", *_PRECISIONS, _INT8):
        raise ConfigError(
            f"precision must be auto, fp32, bf16, fp16 or int8, got {precision!r}"
        )
    place, why_place = _choose_device(engine, device, machine)
    library, why_library = _choose_engine(engine, place, machine)
    if place != "cpu":
        offered = machine.cuda_precisions
    elif library == "openvino":
        offered = (*machine.openvino_precisions, _INT8)
    elif library == "onnxruntime":
        offered = ("fp32",)
    else:
        offered = machine.torch_cpu_precisions
    if precision not in ("auto", *offered):
        raise ConfigError(
            f"{library} on this {place} cannot compute in {precision}; "
            f"it can in {' or '.join(offered)}"
        )
    chosen = offered[0] if precision == "auto" else precision
    return Choice(library, place, chosen, f"{why_place}, {why_library}")


def _open_openvino(
    model: FCN | WeightsFile, wish: str, offered: tuple[str, ...], threads: int | None
) -> Engine:
    from maskstream.models.engines.openvino_engine import OpenVinoEngine

    network = _network_for_openvino(model, wish)
    if wish == _INT8 and not network.int8_of:
        raise ConfigError("this network does not compute in int8, got precision 'int8'")
    if wish not in ("auto", _INT8) and network.int8_of:
        raise ConfigError(f"this network computes in int8, got precision {wish!r}")
    rest = offered[0] if wish in ("auto", _INT8) else wish
    return OpenVinoEngine(network, precision=rest, threads=threads)


def _network_for_openvino(model: FCN | WeightsFile, wish: str) -> ConvertedNetwork:
    """Take the network of 8 bits where that is better or wanted, or convert one."""
    from maskstream.models.engines.converted import converted
    from maskstream.models.engines.eight_bits import find_int8, read_int8

    if not isinstance(model, WeightsFile):
        from maskstream.models.engines.convert import convert

        return convert(model)
    if model.is_converted:
        return converted(model)
    if wish == _INT8:
        return read_int8(model)
    int8 = find_int8(model) if wish == "auto" and has_vnni() else None
    return converted(model) if int8 is None else int8


def has_vnni() -> bool:
    """Tell whether the processor sums products of 8 bits in 32.

    Where it does not they saturate in 16: more labels differ, and less time is won.
    """
    features = get_host_cpu_features()
    return any(features.get(name, False) for name in ("avx512vnni", "avxvnni"))


def _choose_device(engine: str, device: str, machine: Machine) -> tuple[str, str]:
    """Return the device and why."""
    if device == "cpu":
        return device, "the CPU was asked for"
    if device == "auto":
        if engine in _ON_CPU:
            return "cpu", f"{engine} runs on the CPU"
        if machine.cuda_devices:
            return "cuda:0", "a CUDA device is here"
        return "cpu", "no CUDA device is here"
    if engine in _ON_CPU:
        raise ConfigError(
            f"{engine} runs on the CPU, got device {device!r}; "
            f"use engine torch or device cpu"
        )
    if not machine.cuda_devices:
        raise ConfigError(f"no CUDA device is here for {device!r}; use device cpu")
    index = int(device.partition(":")[2] or 0)
    if index >= machine.cuda_devices:
        raise ConfigError(
            f"device must be at most cuda:{machine.cuda_devices - 1} here, "
            f"got {device!r}"
        )
    return f"cuda:{index}", "it was asked for"


def _choose_engine(engine: str, device: str, machine: Machine) -> tuple[str, str]:
    """Return the engine for a device and why."""
    has_openvino = bool(machine.openvino_precisions)
    if engine == "openvino" and not has_openvino:
        raise ConfigError(
            "openvino is not installed; run pip install openvino or use engine torch"
        )
    if engine == "onnxruntime" and not machine.has_onnxruntime:
        raise ConfigError(
            'onnxruntime is not installed; pip install "maskstream[onnx]" brings it'
        )
    if engine != "auto":
        return engine, f"{engine} was asked for"
    if device != "cpu":
        return "torch", "only torch drives it"
    if has_openvino:
        return "openvino", "openvino is faster than torch on a CPU"
    return "torch", "openvino is not installed"


def _openvino_precisions() -> tuple[str, ...]:
    """Return what OpenVINO can compute in on this CPU, nothing if it is not here."""
    try:
        core = openvino_core()
    except ImportError:
        return ()
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("bf16", "fp32") if has_bf16 else ("fp32",)


def _has_cuda_driver() -> bool:
    """Tell whether torch could find a CUDA device, without loading it."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
