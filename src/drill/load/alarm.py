"""Sleep until an instant or until a descriptor is readable, at the price of one wake-up.

gevent's own `select` builds its watchers anew each time and costs more than a slot of frames.
A wake-up costs as much as several frames all the same: whoever knows that more will come soon,
sleeps deaf meanwhile.
"""

from __future__ import annotations

import gevent
from gevent import get_hub

_READABLE = 1


class Alarm:
    """For one greenlet; close it in the greenlet that used it."""

    def __init__(self, fd: int) -> None:
        self._hub = get_hub()
        self._readable = self._hub.loop.io(fd, _READABLE)

    def wait(self, longest_s: float, *, deaf: bool = False) -> None:
        """Let the others run; back at the latest after `longest_s`, and not before when deaf."""
        wake = gevent.getcurrent().switch
        timer = self._hub.loop.timer(max(0.0, longest_s))
        try:
            timer.start(wake)
            if not deaf:
                self._readable.start(wake)
            self._hub.switch()
        finally:
            self._readable.stop()
            timer.stop()
            timer.close()

    def close(self) -> None:
        """Give the watcher back, before its descriptor is closed."""
        self._readable.close()
