"""Ctrl-C ends a step, not a run: what was reached can be saved first."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A run was stopped by Ctrl-C or by SIGTERM after it had saved its state."""


class Interrupts:
    """Notes the first Ctrl-C or SIGTERM; a second one acts at once, as it does elsewhere.

    Used in a ``with`` statement. Outside the main thread, where Python has no signals, it does
    nothing, nor if it is not ``active``. ``noted`` is whether a signal came.
    """

    def __init__(self, active: bool = True) -> None:
        self.noted, self._active = False, active
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if self._active and threading.current_thread() is threading.main_thread():
            # What nohup or a shell's background ignores stays ignored.
            heard = [s for s in SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
            self._before = {s: signal.signal(s, self._note) for s in heard}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = True
        for known, handler in self._before.items():
            signal.signal(known, handler)
        print(
            "\nStopping after this step, to save it. Ctrl-C again stops at once, unsaved.",
            file=sys.stderr,
        )
