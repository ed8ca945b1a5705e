"""ONNX: written by torch, run by onnxruntime."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from maskstream.models.exporting.format import Labelling
from maskstream.models.exporting.labeller import Labeller, sample_pictures
from maskstream.pipeline.errors import ModelError

__all__ = ["open_onnx", "write_onnx", "write_traced"]

_OPSET = 18
_AXES = {0: "batch", 1: "height", 2: "width"}
_SCORE_AXES = {0: "batch", 2: "rows", 3: "columns"}


def write_onnx(labeller: Labeller, path: Path, card: str) -> None:
    """Write an ONNX file of dynamic batch and size, with the card in its metadata.

    Raises:
        ModelError: the extra ``onnx`` is not installed, or the network has no ONNX.
    """
    write_traced(labeller.trace(), path, "labels", {"model_card": card})


def write_traced(
    traced: torch.jit.ScriptModule, path: Path, output: str, metadata: dict[str, str]
) -> None:
    """Write what was traced from (N, H, W, 3) uint8 pictures on.

    Args:
        traced: a whole network.
        path: .onnx.
        output: ``labels``, (N, H, W), or ``scores``, (N, K, rows, columns).
        metadata: goes into the file.

    Raises:
        ModelError: the extra ``onnx`` is not installed, or the network has no ONNX.
    """
    onnx = _import("onnx")
    sides = {"labels": _AXES, "scores": _SCORE_AXES}[output]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an exporter that is no longer new
            torch.onnx.export(
                traced,
                (sample_pictures(),),
                str(path),
                dynamo=False,
                opset_version=_OPSET,
                input_names=["pictures"],
                output_names=[output],
                dynamic_axes={"pictures": _AXES, output: sides},
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"torch cannot write this network as ONNX: {reason}"
        ) from error
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def open_onnx(path: Path) -> Labelling:
    """Open an ONNX file in onnxruntime, on the CPU.

    Raises:
        ModelError: the extra ``onnx`` is not installed.
    """
    runtime = _import("onnxruntime")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def label(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        (labels,) = session.run(["labels"], {"pictures": pictures})
        return np.asarray(labels, np.uint8)

    return label


def _import(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise ModelError(
            f'exporting to onnx needs {name}; pip install "maskstream[onnx]" brings it'
        ) from error
