"""The networks: FCN-8s, its weights, and the engines that run it."""

from maskstream.models.classes import CAMVID, ClassTable
from maskstream.models.fcn import FCN8s, build_model, model_names
from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.models.weights import (
    DEFAULT_WEIGHTS,
    ModelCard,
    embedded_models,
    load_weights,
    save_weights,
)

__all__ = [
    "CAMVID",
    "DEFAULT_WEIGHTS",
    "ClassTable",
    "FCN8s",
    "ModelCard",
    "ScoreGrid",
    "build_model",
    "embedded_models",
    "load_weights",
    "model_names",
    "save_weights",
    "upsample_scores",
]
