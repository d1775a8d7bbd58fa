"""Calls as Locust users: the only module here that knows Locust, and what a locustfile imports.

    from drill.load.user import CallUser, Mix, OpenArrivals

    class Caller(CallUser):
        mix = Mix(chat=40, lookup=30, note=30)

    class Arrivals(OpenArrivals):
        pass

Locust's own spawning is closed and coarse (batches once a second, users that loop). Here it is
told to hold none; a greenlet follows the written schedule and spawns one user per call, which
leaves when its call is over; a user is a place in Locust's count and no greenlet that waits for hours, so it
has neither tasks nor on_start. The shape's only work is to end the run in time. With --processes, or
--master and --worker, the same schedule is dealt out, each worker follows its share and writes a stream
of its own (see drill.load.share).
"""

from __future__ import annotations

import ctypes
import inspect
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import gevent
import locust.stats
from gevent.pool import Group
from locust import LoadTestShape, User, events
from locust.runners import MasterRunner, WorkerRunner

from drill.load.dialect import Dialect
from drill.load.dialects import dialect_of
from drill.load.percentiles import three_digits
from drill.load.script import USUAL_MIX, Mix, Said
from drill.load.script_file import read_script
from drill.load.session import EXIT_FAILED, Session, agreed_schedule
from drill.load.settings import RUN_STREAM, Settings, from_environ
from drill.load.share import Share, deal, on_failure, on_share, tell_failure
from drill.model.errors import DefinitionError, DrillError, WorldError
from drill.output import guard_output
from drill.redact import Redactor, known
from drill.traffic.schedule import Arrival

__all__ = ["CallUser", "Mix", "OpenArrivals"]

EXIT_DEFINITION = 3
_LEAD_S = 1.0  # until the first call, for the workers to hear of it
_PR_SET_PDEATHSIG = 1
logger = logging.getLogger(__name__)
# Locust means this function to be replaced (its documentation: "customizing response time bucketing").
locust.stats.bucket_response_time = three_digits

if os.environ.get(RUN_STREAM):  # part of a drill, whose logs are kept; Locust has not set its own up yet
    guard_output(Redactor(known(os.environ)).clean)


class CallUser(User):
    """One caller, one call. Subclass it in a locustfile; `mix` says what callers ask for.

    `script` names a file that says it word by word instead (see drill.load.script_file); `dialect` is a
    vendor's name or a file, "" for that of DRILL_DIALECT. Files are looked for beside the locustfile.
    """

    abstract = True
    mix: Mix = USUAL_MIX
    script: str = ""
    dialect: str = ""
    said: Said | None = None  # both as read, once Locust is up
    speaks: Dialect | None = None
    session: Session | None = None
    arrival: Arrival | None = None

    def start(self, group: Group) -> gevent.Greenlet:
        """Take a place among Locust's users. The greenlet that stands for it there runs when the user leaves,
        and not before: one that waits keeps a stack, and here are thousands."""
        self._greenlet, self._group = gevent.Greenlet(_gone, self), group
        group.add(self._greenlet)
        gevent.spawn(self._begin)
        return self._greenlet

    def _begin(self) -> None:
        """The caller's whole life; a user that came without an arrival of the schedule leaves at once."""
        if self.session is None or self.arrival is None:
            self._greenlet.start()
        else:
            self.session.hold(self.arrival, self.said or self.mix, self.speaks, self._greenlet.start)


def _gone(user: CallUser) -> None:
    """Locust finds the user among its greenlet's arguments."""


class OpenArrivals(LoadTestShape):
    """Asks Locust for no users of its own, and ends the run after the schedule's time.

    `arrivals` is the time of day that a locustfile stands for, "" when it leaves that to its user.
    """

    abstract = True
    arrivals: str = ""
    seconds: float = 0.0

    def tick(self) -> tuple[int, float] | None:
        """Locust asks once a second."""
        return None if self.get_run_time() >= self.seconds else (0, 1.0)


@events.init.add_listener
def _on_init(environment: Any, runner: Any, **_: Any) -> None:
    """Refuse what cannot be right before any page is served or call is made."""
    try:
        own = getattr(environment.shape_class, "arrivals", "")
        settings = from_environ(os.environ, Path.cwd(), own)
        _prepare([cls for cls in environment.user_classes if issubclass(cls, CallUser)])
    except DefinitionError as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(EXIT_DEFINITION) from error
    if isinstance(environment.shape_class, OpenArrivals):
        environment.shape_class.seconds = settings.demand.seconds
    if isinstance(runner, WorkerRunner):
        if environment.parsed_options.processes:
            _end_with_parent()
        _Worker(environment, settings)
        return
    # With a shape and no web page Locust waits for the shape before it learns to handle SIGTERM, and
    # would die of it with its calls up. Ctrl-C it does handle, unless a shell that started us in the
    # background had us ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gevent.signal_handler(signal.SIGTERM, os.kill, os.getpid(), signal.SIGINT)
    (_Master if isinstance(runner, MasterRunner) else _Listener)(environment, settings)


def _end_with_parent() -> None:
    """A worker that --processes forked ends in order when its master dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        raise SystemExit(EXIT_FAILED)


def _prepare(users: list[type[CallUser]]) -> None:
    """Read what they name in files; DefinitionError has the mistakes of all of them."""
    mistakes: list[str] = []
    for cls in users:
        file = Path(inspect.getfile(cls))
        folder = file.parent
        if cls.tasks or cls.on_start is not User.on_start or cls.on_stop is not User.on_stop:
            why = "holds a call and nothing else; its tasks, on_start and on_stop would never run"
            mistakes.append(f"{file}: {cls.__name__} {why}")
        try:
            cls.said = read_script(folder / cls.script) if cls.script else None
            cls.speaks = dialect_of(cls.dialect, folder) if cls.dialect else None
        except DefinitionError as error:
            mistakes += error.mistakes
    if mistakes:
        raise DefinitionError(mistakes)


class _Listener:
    """Gives each test of this process a session; the web page can start several, one after another."""

    def __init__(self, environment: Any, settings: Settings) -> None:
        self._environment, self._settings = environment, settings
        self._session: Session | None = None
        environment.events.test_start.add_listener(self._on_start)
        # Locust takes its time between being told to quit and stopping: whoever waits meanwhile is not late.
        environment.events.quitting.add_listener(self._on_stopping)
        environment.events.test_stopping.add_listener(self._on_stopping)
        environment.events.test_stop.add_listener(self._on_stop)

    def _on_start(self, **_: Any) -> None:
        callers = [cls for cls in self._environment.user_classes if issubclass(cls, CallUser)]
        try:
            self._session = Session(self._environment, self._settings, callers, self._share())
            self._session.start()
        except (DrillError, OSError) as error:
            _fail(self._environment, f"the run cannot start: {error}")

    def _share(self) -> Share | None:
        """What of the schedule is this process's; None: all of it."""
        return None

    def _on_stopping(self, **_: Any) -> None:
        if self._session is not None:
            self._session.stopping()

    def _on_stop(self, **_: Any) -> None:
        if self._session is not None:
            self._session.stopped()
            self._session = None


class _Worker(_Listener):
    """Holds the share of the calls that the master deals it."""

    def __init__(self, environment: Any, settings: Settings) -> None:
        super().__init__(environment, settings)
        self._dealt: Share | None = None
        on_share(environment.runner, self._keep)

    def _keep(self, share: Share) -> None:
        self._dealt = share

    def _share(self) -> Share:
        if self._dealt is None:
            raise WorldError(
                "the master started the run and dealt no calls; it came too late, or is none of ours"
            )
        dealt, self._dealt = self._dealt, None
        return dealt


class _Master:
    """Holds no calls. Deals them out, and ends the run when a worker is gone: fewer calls than planned
    would make any platform look good."""

    def __init__(self, environment: Any, settings: Settings) -> None:
        self._environment, self._settings, self._watch = environment, settings, gevent.Greenlet()
        on_failure(environment.runner, lambda why: _fail(environment, f"a worker failed: {why}"))
        environment.events.test_start.add_listener(self._on_start)
        environment.events.quitting.add_listener(self._on_stopping)
        environment.events.test_stopping.add_listener(self._on_stopping)

    def _on_start(self, **_: Any) -> None:
        try:
            schedule = agreed_schedule(self._settings.demand, self._settings.schedule)
        except (DrillError, OSError) as error:
            _fail(self._environment, f"the run cannot start: {error}")
            return
        workers = deal(self._environment.runner, schedule, _LEAD_S)
        self._watch = gevent.spawn(self._count, workers)

    def _count(self, workers: int) -> None:
        while self._environment.runner.worker_count >= workers:
            gevent.sleep(1.0)
        _fail(
            self._environment, f"of {workers} workers only {self._environment.runner.worker_count} are left"
        )

    def _on_stopping(self, **_: Any) -> None:
        self._watch.kill(block=False)


def _fail(environment: Any, why: str) -> None:
    """End the run, and let the exit code say so."""
    logger.critical(why)
    environment.process_exit_code = EXIT_FAILED
    if isinstance(environment.runner, WorkerRunner):
        tell_failure(environment.runner, why)
    environment.runner.greenlet.spawn(environment.runner.quit)
