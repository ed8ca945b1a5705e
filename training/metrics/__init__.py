"""What label maps are measured by.

    scores.py     the FCN paper's four scores, and IoU by class
    boundary.py   F1 of contours             temporal.py   flicker along the flow
    boxes.py      AP of boxes around masks   agreement.py  with another engine

Each takes one picture at a time and is asked for its scores at the end.
"""

from maskstream.training.metrics.agreement import Agreement, AgreementScores
from maskstream.training.metrics.boundary import BoundaryF1, BoundaryScores
from maskstream.training.metrics.boxes import Box, BoxAgreement, BoxScores
from maskstream.training.metrics.scores import Scores, count_pixels
from maskstream.training.metrics.temporal import (
    MotionTracker,
    TemporalConsistency,
    TemporalScores,
)

__all__ = [
    "Agreement",
    "AgreementScores",
    "BoundaryF1",
    "BoundaryScores",
    "Box",
    "BoxAgreement",
    "BoxScores",
    "MotionTracker",
    "Scores",
    "TemporalConsistency",
    "TemporalScores",
    "count_pixels",
]
