"""One load run inside Locust: engine, recorder and schedule, and the greenlets that drive them.

    arrivals ──▶ CallUser ──▶ caller ──its call, up──▶ engine (wheel) ──events──▶ recorder, Locust's stats
                                ▲                         │
                                └────────── over ─────────┘

Whatever of these fails ends the process with an exit code of its own: load that silently
thinned out would make any platform look good.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event as Flag
from gevent.pool import Group
from locust.runners import WorkerRunner

from drill.load.caller import Caller, Exchange, Up
from drill.load.dialect import Dialect
from drill.load.engine import Engine
from drill.load.recorder import Recorder
from drill.load.script import Said
from drill.load.settings import Settings
from drill.load.share import Share, alone, tell_failure
from drill.load.websocket import connect
from drill.model.chance import seeded
from drill.model.errors import DefinitionError, DrillError
from drill.model.events import CallEnded, CallStarted, Event, TurnEnded
from drill.model.units import NS_PER_S
from drill.traffic import schedule as arrivals
from drill.traffic.schedule import Arrival, Demand, Schedule

EXIT_FAILED = 4
LEAD_S = 0.5  # Locust's own start-up is over before the first call is due
_BEAT_S = 0.5
_LOOK_THROUGH = (
    20  # beats: every call is looked at, which with thousands would make frames late twice a second
)

logger = logging.getLogger(__name__)


class TurnFailedError(Exception):
    """Why a turn or a call counts as failed in Locust's statistics."""


def agreed_schedule(demand: Demand, file: Path | None) -> Schedule:
    """The schedule in `file` if there is one for this very demand; else drawn, and written there first."""
    if file is not None and file.exists():
        schedule = arrivals.from_json(file.read_text(), str(file))
        if schedule.demand != demand:
            raise DefinitionError(
                f"{file}: was drawn for {schedule.demand}, and {demand} is asked; delete it"
            )
        return schedule
    schedule = arrivals.draw(demand)
    if file is not None:
        draft = file.with_suffix(".draft")
        draft.write_text(arrivals.to_json(schedule))
        draft.replace(file)
    return schedule


class Session:
    """See the module. `environment` is Locust's."""

    def __init__(
        self, environment: Any, settings: Settings, user_classes: list[Any], share: Share | None = None
    ) -> None:
        share = share or alone(LEAD_S)
        self._environment, self._user_classes = environment, user_classes
        self._schedule = agreed_schedule(settings.demand, settings.schedule)
        self._arrivals = share.own(self._schedule)
        self._recorder = Recorder(share.stream(settings.stream), settings.run_id)
        self._engine = Engine(settings.frame_ms)
        self._t0_ns = share.t0_ns()
        self._over = Flag()
        self._exchange = Exchange(
            settings, self._t0_ns, self._engine, self._observe,
            partial(connect, random_masks=settings.random_masks), time.monotonic_ns, self._over.wait,
        )  # fmt: skip
        self._up_since_ns: dict[str, int] = {}
        self._greenlets: list[Any] = []
        self._callers: Any = Group()  # those who dial, or pause before they dial again

    def start(self) -> None:
        """Write down what is going to happen, then let it."""
        gc.freeze()  # what is here stays: no collection has to look at it again, and stop the wheel meanwhile
        self._recorder.begin(self._schedule)
        for work in (self._engine.run, self._arrive, self._beat):
            greenlet = gevent.spawn(work)
            greenlet.link_exception(self._failed)
            self._greenlets.append(greenlet)

    def stopping(self) -> None:
        """Cut the calls that are up, while Locust still counts their users; harmless when done twice."""
        self._over.set()  # who waits to dial again, waits no longer
        self._engine.close("the run ended")
        gevent.killall(self._greenlets)

    def stopped(self) -> None:
        """Everybody leaves: the last sample, and the seal."""
        self._callers.kill()
        self._recorder.sample(self._engine.calls_up, self._engine.take_lateness())
        self._recorder.finish()

    # --- greenlets ------------------------------------------------------------------------

    def _arrive(self) -> None:
        """Open arrivals: each call starts when the schedule says so, whatever became of the others."""
        for arrival in self._arrivals:
            intended_ns = self._t0_ns + round(arrival.at_s * NS_PER_S)
            gevent.sleep(max(0.0, (intended_ns - time.monotonic_ns()) / NS_PER_S))
            self._recorder.arrived(intended_ns, time.monotonic_ns())
            (user,) = self._environment.runner.spawn_users({self._who(arrival): 1})
            user.session, user.arrival = self, arrival  # it has not begun yet

    def _who(self, arrival: Arrival) -> str:
        source = seeded(arrival.seed)
        weights = [cls.weight for cls in self._user_classes]
        return str(source.choices(self._user_classes, weights)[0].__name__)

    def _beat(self) -> None:
        """Samples on whole seconds, and lines to the system twice as often."""
        beat = 0
        while True:
            beat += 1
            due_ns = self._t0_ns + round(beat * _BEAT_S * NS_PER_S)
            gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / NS_PER_S))
            if beat % _LOOK_THROUGH == 0 and (call := self._engine.outlived(time.monotonic_ns())):
                self._fail(DrillError(f"call {call.identity.call_sid} outlived every limit"))
                return
            if beat % 2 == 0:
                self._recorder.sample(self._engine.calls_up, self._engine.take_lateness())
            self._recorder.flush()

    def _failed(self, greenlet: Any) -> None:
        self._fail(greenlet.exception)

    def _fail(self, error: BaseException) -> None:
        logger.critical("the load generator failed and ends the run: %r", error)
        self._environment.process_exit_code = EXIT_FAILED
        if isinstance(self._environment.runner, WorkerRunner):
            tell_failure(self._environment.runner, repr(error))
        gevent.spawn(self._environment.runner.quit)

    # --- one caller -----------------------------------------------------------------------

    def hold(
        self, arrival: Arrival, said: Said, dialect: Dialect | None, leave: Callable[[], object]
    ) -> None:
        """From a caller's first dialling to the last hanging up; then `leave`. Returns at once."""
        self._go_on(Caller(self._exchange, arrival, said, dialect=dialect).life(), leave)

    def _go_on(self, life: Iterator[Up], leave: Callable[[], object]) -> None:
        self._callers.spawn(self._until_up, life, leave).link_exception(self._failed)

    def _until_up(self, life: Iterator[Up], leave: Callable[[], object]) -> None:
        """While a call is up the engine has it, and no greenlet waits."""
        for up in life:
            if self._engine.add(up.call, up.line, partial(self._go_on, life, leave)):
                return
        leave()

    # --- what is seen ---------------------------------------------------------------------

    def _observe(self, event: Event, t_ns: int) -> None:
        self._recorder.record(event, t_ns)
        if isinstance(event, CallStarted):
            self._started(event, t_ns)
        elif isinstance(event, TurnEnded) and not self._engine.closed:  # what the end cut off did not fail
            good = event.outcome in ("full", "degraded")
            until_ns = event.first_audio_ns or t_ns
            self._fire("TURN", f"turn {event.intent}", until_ns - event.eos_ns, "" if good else event.outcome)
        elif isinstance(event, CallEnded):
            length_ns = t_ns - self._up_since_ns.pop(event.call, t_ns)
            if event.outcome != "cut":
                problem = "" if event.outcome == "completed" else f"{event.outcome}: {event.detail}"
                self._fire("CALL", "call length", length_ns, problem)

    def _started(self, call: CallStarted, t_ns: int) -> None:
        if call.ok:
            if not self._up_since_ns:
                self._recorder.flush()  # whoever waits for a first call need not wait for the next beat
            self._up_since_ns[call.call] = t_ns
        name = "call redial" if call.redial_of else "call connect"
        self._fire("CALL", name, t_ns - call.intended_ns, call.detail)

    def _fire(self, kind: str, name: str, time_ns: int, problem: str) -> None:
        """Tell Locust's statistics; once a turn and twice a call, never once a frame."""
        self._environment.events.request.fire(
            request_type=kind, name=name, response_time=time_ns / 1e6, response_length=0,
            exception=TurnFailedError(problem) if problem else None, context={},
        )  # fmt: skip
