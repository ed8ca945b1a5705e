"""Teach a network classes of one's own, and score what it has learnt."""

from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.evaluate import Predict, Scores, evaluate, torch_predictor
from maskstream.training.train import train

__all__ = [
    "LabelledFolder",
    "Predict",
    "Scores",
    "TrainConfig",
    "evaluate",
    "torch_predictor",
    "train",
]
