"""The media engine: one greenlet and one timing wheel hold every call of the process.

Theory: a frame costs mostly its system call, so everything else has to be nearly free: no
greenlet, timer or lock per call. The time between two sends of a call (20 ms, or more where several
frames leave together) is cut into slots of 1 ms, and a call lives in one of them. Waking up costs as
much as several frames, so calls share few slots while they are few, what arrives is gathered for 2 ms,
and the wheel sleeps until the next slot that is taken or, while nothing happens, until a socket of its
one epoll set has something to say. What has arrived is heard before anything is decided. A wheel that
was held up catches up slot by slot, in order, and tells how late the last of a slot's frames left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gevent.monkey import get_original

from drill.load.alarm import Alarm
from drill.load.call import Call, Phase
from drill.load.dialect import DialectError
from drill.load.frames import ProtocolError
from drill.load.lateness import Lateness
from drill.load.speech import FRAME_MS
from drill.load.websocket import Line
from drill.model.units import NS_PER_S

_NS_PER_MS = 1_000_000
_LINGER_NS = NS_PER_S  # how long the platform may take to close after our goodbye
_STEPS_MS = (4, 2)  # slots are taken this far apart,
_CROWD = 48  # until each of them holds so many calls
_GATHER_S = 0.002  # what arrives within this time is heard together
_OVER = Phase.OVER
_GONE = (OSError, ProtocolError, DialectError)


@dataclass(slots=True, eq=False)
class _Seat:
    """A call in the wheel; `leaves_ns` is set once the call is over."""

    call: Call
    line: Line
    slot: int
    on_over: Callable[[], None]
    leaves_ns: int = 0


class Engine:
    """See the module. Not for threads: all of it runs in one hub."""

    def __init__(self, frame_ms: int = FRAME_MS, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns, self._round_ms = clock_ns, frame_ms
        self._ages_ns = tuple(range((frame_ms - FRAME_MS) * _NS_PER_MS, -1, -FRAME_MS * _NS_PER_MS))
        self._slots: list[list[_Seat]] = [[] for _ in range(frame_ms)]
        self._seats: dict[int, _Seat] = {}
        self._epoll: Any = get_original("select", "epoll")()
        self._lateness = Lateness()
        self.closed = False

    @property
    def calls_up(self) -> int:
        """Calls that are neither over nor leaving."""
        return sum(not seat.leaves_ns for seat in self._seats.values())

    def outlived(self, now_ns: int) -> Call | None:
        """A call that should be over by now."""
        seated = (seat.call for seat in self._seats.values() if not seat.leaves_ns)
        return next((call for call in seated if call.limit_ns < now_ns), None)

    def take_lateness(self) -> Lateness:
        """The histogram since the last time it was taken."""
        taken, self._lateness = self._lateness, Lateness()
        return taken

    def add(self, call: Call, line: Line, on_over: Callable[[], None]) -> bool:
        """Seat a call on a line that is up; False (and the line is closed) when the engine is."""
        if self.closed:
            line.close()
            return False
        slot = self._free_slot()
        seat = _Seat(call, line, slot, on_over)
        self._slots[slot].append(seat)
        self._seats[line.fd] = seat
        self._epoll.register(line.fd, 1)  # EPOLLIN; errors and hang-ups are always told
        now_ns = self._clock_ns()
        try:
            call.begin(line, now_ns)
            self._heard(seat, *line.leftover(), now_ns)
            line.flush()
        except _GONE as error:
            self._lost(seat, now_ns, error)
        return True

    def run(self) -> None:
        """Serve until closed; the one loop."""
        alarm = Alarm(self._epoll.fileno())
        try:
            self._turn(alarm)
        finally:
            alarm.close()
            self._epoll.close()

    def _turn(self, alarm: Alarm) -> None:
        due_ms = self._clock_ns() // _NS_PER_MS
        while not self.closed:
            busy = self._drain()
            now_ms = self._clock_ns() // _NS_PER_MS
            while due_ms <= now_ms and not self.closed:
                if slot := self._slots[due_ms % self._round_ms]:
                    self._serve(slot, due_ms * _NS_PER_MS)
                    busy = True
                    if due_ms < now_ms:
                        self._drain()
                due_ms += 1
            free_s = self._free_s(due_ms)
            deaf = busy or free_s <= _GATHER_S
            alarm.wait(min(free_s, _GATHER_S) if deaf else free_s, deaf=deaf)

    def _free_s(self, due_ms: int) -> float:
        """Time until the next slot that is taken."""
        free = (ahead for ahead in range(self._round_ms) if self._slots[(due_ms + ahead) % self._round_ms])
        until_ns = (due_ms + next(free, self._round_ms)) * _NS_PER_MS
        return (until_ns - self._clock_ns()) / NS_PER_S

    def _free_slot(self) -> int:
        for step in _STEPS_MS:
            slot = min(range(0, self._round_ms, step), key=lambda number: len(self._slots[number]))
            if len(self._slots[slot]) < _CROWD:
                break
        return slot

    def close(self, detail: str) -> None:
        """End every call as cut, close every line; what has arrived already still counts."""
        if self.closed:
            return
        self._drain()
        self.closed = True
        now_ns = self._clock_ns()
        for seat in list(self._seats.values()):
            try:
                seat.call.cut(now_ns, detail)
            except OSError:
                seat.call.closed(now_ns, "gone when the run ended")
            self._leave(seat, now_ns)
            self._remove(seat)

    def _serve(self, slot: list[_Seat], due_ns: int) -> None:
        """A slot's calls decide, all of them, and then all of it is sent: see `_drain`."""
        now_ns, seats, ages_ns = self._clock_ns(), tuple(slot), self._ages_ns
        for seat in seats:
            if not seat.leaves_ns:
                tick = seat.call.tick
                try:
                    for age_ns in ages_ns:
                        tick(due_ns - age_ns, now_ns)
                except OSError as error:
                    self._lost(seat, now_ns, error)
        for seat in seats:
            try:
                seat.line.flush()
            except OSError as error:
                self._lost(seat, now_ns, error)
            if seat.call.phase is _OVER:
                self._settle(seat, now_ns)
        self._lateness.add((self._clock_ns() - due_ns) / _NS_PER_MS, len(seats) * len(ages_ns))

    def _drain(self) -> bool:
        """Hear what has arrived, if anything has. First all is read and then all is understood: system calls
        and our own code would drive each other out of the processor's caches."""
        ready, now_ns = self._epoll.poll(0), self._clock_ns()
        seats = self._seats
        arrived = [(seat := seats[fd], seat.line.read()) for fd, _ in ready]
        for seat, data in arrived:
            try:
                messages, ended = seat.line.understood(data)
                if seat.line.pongs:
                    self._ponged(seat, now_ns)
                if not seat.leaves_ns:
                    hear = seat.call.message
                    for message in messages:
                        hear(message, now_ns)
                if ended:
                    raise ConnectionResetError(ended)
            except _GONE as error:
                self._lost(seat, now_ns, error)
        return bool(ready)

    def _ponged(self, seat: _Seat, now_ns: int) -> None:
        for payload in seat.line.pongs:
            seat.call.pong(payload, now_ns)
        seat.line.pongs.clear()

    def _heard(self, seat: _Seat, texts: list[bytes], ended: str, now_ns: int) -> None:
        if not seat.leaves_ns:
            for text in texts:
                seat.call.message(text, now_ns)
        if ended:
            raise ConnectionResetError(ended)

    def _settle(self, seat: _Seat, now_ns: int) -> None:
        """Show a call that is over to the door, and out once the platform has had its time."""
        if not seat.leaves_ns:
            self._leave(seat, now_ns)
        elif now_ns >= seat.leaves_ns:
            self._remove(seat)

    def _leave(self, seat: _Seat, now_ns: int) -> None:
        if seat.leaves_ns:
            return
        seat.leaves_ns = now_ns + _LINGER_NS
        try:
            seat.line.say_goodbye()
        except OSError:
            seat.leaves_ns = now_ns
        seat.on_over()

    def _lost(self, seat: _Seat, now_ns: int, error: Exception) -> None:
        """The line ended; for a call that is over already this is as it should be."""
        seat.call.closed(now_ns, str(error))
        if not seat.leaves_ns:
            seat.leaves_ns = now_ns
            seat.on_over()
        self._remove(seat)

    def _remove(self, seat: _Seat) -> None:
        if self._seats.pop(seat.line.fd, None) is not None:
            self._slots[seat.slot].remove(seat)
            self._epoll.unregister(seat.line.fd)
            seat.line.close()
