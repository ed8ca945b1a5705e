"""What can go wrong, as one tree.

    MaskStreamError
    +-- ConfigError (ValueError)         a setting, option or name cannot be used
    +-- SourceError (OSError)            an input cannot be opened or read
    +-- SinkError (OSError)              an output cannot be written
    +-- ModelError (RuntimeError)        a network, weights or engine cannot be used
    +-- PipelineError (ExceptionGroup)   stages failed; its members say why

Each is also the builtin that it resembles, so ``except OSError`` works. A message is
one sentence, lower case, without a full stop: what was wrong, what was given and what
would be right.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "MaskStreamError",
    "ModelError",
    "PipelineError",
    "SinkError",
    "SourceError",
]


class MaskStreamError(Exception):
    """Any failure that MaskStream explains in one sentence."""


class ConfigError(MaskStreamError, ValueError):
    """A setting, an option or a file name that cannot be used."""


class SourceError(MaskStreamError, OSError):
    """An input that cannot be opened or read; credentials are masked in its message."""


class SinkError(MaskStreamError, OSError):
    """An output that cannot be written."""


class ModelError(MaskStreamError, RuntimeError):
    """A network, its weights or its engine that cannot be used."""


class PipelineError(MaskStreamError, ExceptionGroup[Exception]):
    """Stages failed; a note on each member names its stage.

    Raised only after every thread of the pipeline has ended.
    """

    def derive(self, excs):  # type: ignore[no-untyped-def]  # noqa: D102
        return PipelineError(self.message, excs)
