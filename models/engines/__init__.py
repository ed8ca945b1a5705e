"""What runs the network: torch on the CPU and on CUDA, OpenVINO on the CPU."""

from maskstream.models.engines.base import Engine, Pending
from maskstream.models.engines.select import open_engine

__all__ = ["Engine", "Pending", "open_engine"]
