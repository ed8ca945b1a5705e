"""Going over to a changed configuration while all that is unchanged runs on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import MaskStreamError
from maskstream.server.config.serve import ServeSettings, load_serve_settings
from maskstream.server.metrics import ServerMetrics
from maskstream.server.notify import Notifier

__all__ = ["Reloader"]

_logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_AT_START = (
    "model",
    "batch",
    "overload",
    "http",
    "tell",
    "stop_deadline",
    "hang_after",
)
"""What takes effect at the next start only, and so does the format of the log."""

_Stamp = tuple[int, int, int]


class Reloader:
    """Reads the file again on request, and when it has changed and then come to rest.

    The file is looked at, and no word of the system's waited for: that never comes over
    a network file system, nor where a container has the file mounted.

    Args:
        path: The file.
        settings: What is in force.
        adopt: Goes over to other settings; gives the streams that it touched.
        metrics: Count reloads.
        notifier: Tells systemd.
        clock: Seconds.
    """

    def __init__(
        self,
        path: Path,
        settings: ServeSettings,
        adopt: Callable[[ServeSettings], list[str]],
        metrics: ServerMetrics,
        notifier: Notifier,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._path = path
        self._settings = settings
        self._adopt = adopt
        self._metrics = metrics
        self._notifier = notifier
        self._clock = clock
        self._looked_at = clock()
        self._seen = self._read_stamp = _stamp(path)

    def tick(self) -> None:
        """Look at the file once a second; read it when it has changed."""
        now = self._clock()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        before, self._seen = self._seen, _stamp(self._path)
        is_at_rest = self._seen == before  # nobody is in the middle of writing it
        if is_at_rest and self._seen not in (None, self._read_stamp):
            self.reload()

    def reload(self) -> None:
        """Read the file; where it cannot be used, all stays as it was."""
        self._notifier.reloading()
        self._read_stamp = self._seen = _stamp(self._path)
        try:
            settings = load_serve_settings(self._path)
            in_force = self._without_what_waits(settings)
            touched = self._adopt(in_force)
        except MaskStreamError as error:
            self._refuse(str(error))
        except Exception as error:  # a file must not end the daemon, whatever is in it
            self._refuse(f"unexpected {type(error).__name__}", error)
        else:
            self._tell(settings, in_force, touched)
            self._settings = in_force
            self._metrics.count_reload("done")
        self._notifier.reloaded()

    def _refuse(self, sentence: str, error: Exception | None = None) -> None:
        _logger.error(
            "the configuration is refused, the old one stays: %s",
            sentence,
            exc_info=error,
        )
        self._metrics.count_reload("refused")

    def _without_what_waits(self, settings: ServeSettings) -> ServeSettings:
        """Keep what was set at the start where only a start sets it."""
        old, new = self._settings.config, settings.config
        kept = {key: getattr(old, key) for key in _AT_START}
        kept["log"] = new.log.model_copy(update={"format": old.log.format})
        return replace(settings, config=new.model_copy(update=kept))

    def _tell(
        self, settings: ServeSettings, in_force: ServeSettings, touched: list[str]
    ) -> None:
        _logger.info(
            "the configuration was read again; %s",
            f"changed: {', '.join(touched)}" if touched else "no stream has changed",
        )
        new, kept = settings.config, in_force.config
        waiting = [key for key in _AT_START if getattr(new, key) != getattr(kept, key)]
        if new.log.format != kept.log.format:
            waiting.append("log.format")
        if waiting:
            _logger.warning(
                "%s: changes take effect when the daemon is started again",
                ", ".join(waiting),
            )
        if self._settings.config.log != kept.log:
            logging.getLogger("maskstream").setLevel(new.log.level.upper())


def _stamp(path: Path) -> _Stamp | None:
    """Tell one state of a file from another; None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
