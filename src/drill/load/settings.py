"""What a load run is told by its environment; read once, all mistakes at once, before any call.

A locustfile has no arguments of its own, and `locust -f` must run it alone: so there is a
default for everything, and a wrong value is refused instead of replaced. A platform outside
this machine has to be named a second time, in DRILL_ALLOW_TARGET: calls cost money, and may
write into records. For the same reason there is a most: DRILL_MAX_CALLS and DRILL_MAX_CALLS_PER_S,
which count calls as they are meant, before chance and callers who dial again.
"""

from __future__ import annotations

import ipaddress
import math
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from drill.load.dialect import Dialect, MarkGrammar
from drill.load.dialects import USUAL, dialect_of
from drill.load.speech import FRAME_MS
from drill.model.errors import DefinitionError
from drill.model.plan import FRAMES_MS
from drill.model.target import MAX_CALLS, MAX_CALLS_PER_S
from drill.traffic import FLAT, PROFILES
from drill.traffic.schedule import PATIENTS, Demand

SANDBOX_TARGET = Path(".drill/sandbox-0/target.toml")
MASKS = ZERO, RANDOM = "zero", "random"
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
_PARTS = {"seq", "outcome", "turn_id", "patient", "digest"}
_T = TypeVar("_T")

RUN_STREAM = "DRILL_LOAD_STREAM"  # set where the load is part of a drill


@dataclass(frozen=True, slots=True)
class Settings:
    """A load run. `stream` is where it is recorded, if anywhere; `schedule` where its arrivals are kept.
    `frame_ms`: so much audio leaves at a time; `random_masks`: as RFC 6455 wants them, at some cost."""

    edge: str
    demand: Demand
    drill_id: str
    run_id: str
    stream: Path | None
    schedule: Path | None
    grammar: MarkGrammar
    dialect: Dialect = field(default_factory=lambda: dialect_of(USUAL))
    frame_ms: int = FRAME_MS
    random_masks: bool = False


class _Reader:
    """Environment variables with their defaults; mistakes are collected."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ, self.mistakes = environ, list[str]()

    def value(self, name: str, parse: Callable[[str], _T], default: _T, wanted: str) -> _T:
        text = self.environ.get(name, "")
        try:
            return parse(text) if text else default
        except (ValueError, re.error):
            self.mistakes.append(f"{name}: {text!r} is not {wanted}")
            return default

    def path(self, name: str) -> Path | None:
        return Path(self.environ[name]) if self.environ.get(name) else None


def from_environ(environ: Mapping[str, str], folder: Path, own_arrivals: str = "") -> Settings:
    """The settings of this process; DefinitionError names every variable that is wrong.

    `own_arrivals` is the profile that the locustfile itself stands for, "" when it stands for none.
    """
    reader = _Reader(environ)
    drill_id = reader.value("DRILL_ID", _name, "", "a name of letters, digits, dots and dashes")
    run_id = reader.value("DRILL_RUN_ID", _name, "", "a name of letters, digits, dots and dashes")
    stream = reader.path(RUN_STREAM)
    if stream and not run_id:
        reader.mistakes.append("DRILL_LOAD_STREAM: a stream belongs to a run; set DRILL_RUN_ID too")
    name = drill_id or run_id or f"alone-{secrets.token_hex(4)}"
    settings = Settings(
        _edge(reader, folder), _demand(reader, own_arrivals), name, run_id or name, stream,
        reader.path("DRILL_SCHEDULE"),
        reader.value("DRILL_TURN_MARK", _grammar, MarkGrammar(), f"a pattern that names {sorted(_PARTS)}"),
        _dialect(reader),
        reader.value("DRILL_FRAME_MS", _frame_ms, FRAME_MS, f"one of {', '.join(map(str, FRAMES_MS))}"),
        reader.value("DRILL_MASK", _mask, MASKS[0], f"one of {', '.join(MASKS)}") == RANDOM,
    )  # fmt: skip
    if reader.mistakes:
        raise DefinitionError(reader.mistakes)
    return settings


def _demand(reader: _Reader, own_arrivals: str) -> Demand:
    positive = "a number above 0"
    arrivals = _arrivals(reader, own_arrivals)
    windows_s = reader.value("DRILL_WINDOWS_S", _positive, 0.0, positive)
    demand = Demand(
        seed=reader.value("DRILL_SEED", int, 1, "a whole number"),
        concurrency=reader.value("DRILL_CONCURRENCY", _count, 40, "a whole number above 0"),
        mean_call_s=reader.value("DRILL_MEAN_CALL_S", _positive, 60.0, positive),
        ramp_s=reader.value("DRILL_RAMP_S", _positive, 10.0, positive),
        seconds=reader.value("DRILL_SECONDS", _positive, 300.0, positive),
        patients=reader.value("DRILL_PATIENTS", _count, PATIENTS, "a whole number above 0"),
        arrivals=arrivals,
        windows_s=0.0 if arrivals == FLAT.name else windows_s,  # a flat day has no shape to stretch
    )
    _capped(reader, demand)
    return demand


def _arrivals(reader: _Reader, own: str) -> str:
    """A locustfile that stands for a time of day cannot be run as another one: its name would lie."""
    told = reader.value("DRILL_ARRIVALS", _profile, own or FLAT.name, f"one of {', '.join(PROFILES)}")
    if own and told != own:
        reader.mistakes.append(
            f"DRILL_ARRIVALS: {told!r} is asked of a locustfile whose arrivals are {own!r}; ask for those"
        )
    return told


def _capped(reader: _Reader, demand: Demand) -> None:
    """Whoever calls outside a drill has no plan that refuses, so this process refuses by itself."""
    most = reader.value("DRILL_MAX_CALLS", _count, MAX_CALLS, "a whole number above 0")
    most_per_s = reader.value("DRILL_MAX_CALLS_PER_S", _positive, MAX_CALLS_PER_S, "a number above 0")
    if demand.concurrency > most:
        reader.mistakes.append(
            f"DRILL_CONCURRENCY: {demand.concurrency} calls are more than the {most} of DRILL_MAX_CALLS; "
            "raise that if the platform may be called by so many"
        )
    if (per_s := demand.traffic.most_per_s) > most_per_s:
        reader.mistakes.append(
            f"DRILL_MAX_CALLS_PER_S: {per_s:.1f} calls a second are meant, more than {most_per_s:g}; "
            "lengthen DRILL_RAMP_S or DRILL_MEAN_CALL_S, or raise it"
        )


def _edge(reader: _Reader, folder: Path) -> str:
    edge = reader.environ.get("DRILL_EDGE") or _sandbox_edge(reader, folder / SANDBOX_TARGET)
    try:
        parts = urlsplit(edge)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if edge and (not host or parts.scheme != "ws"):
        reader.mistakes.append(f"DRILL_EDGE: {edge!r} is not an address such as ws://127.20.0.1:10000/media")
    elif edge and not allowed(host, reader.environ.get("DRILL_ALLOW_TARGET", "")):
        reader.mistakes.append(
            f"DRILL_EDGE: {host} is not on this machine's loopback; "
            f"to call it all the same, set DRILL_ALLOW_TARGET={host}"
        )
    return edge


def allowed(host: str, named: str) -> bool:
    """Whether this host may be called: a 127/8 address, or exactly the one that was named."""
    if named and host == named.lower():
        return True
    try:
        return ipaddress.ip_address(host) in _LOOPBACK
    except ValueError:
        return False  # a name: who knows where it leads


def _sandbox_edge(reader: _Reader, file: Path) -> str:
    try:
        targets = tomllib.loads(file.read_text())["target"]
        (target,) = targets.values()
        return str(target["edge"])
    except OSError:
        reader.mistakes.append(
            f"DRILL_EDGE is not set and there is no {file}; start the sandbox with `drill sandbox up`"
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        reader.mistakes.append(f"{file}: is not a description of one target with an edge ({error})")
    return ""


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


def _profile(text: str) -> str:
    if text not in PROFILES:
        raise ValueError(text)
    return text


def _count(text: str) -> int:
    return int(_positive(str(int(text))))


def _positive(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or number <= 0:
        raise ValueError(text)
    return number


def _frame_ms(text: str) -> int:
    if int(text) not in FRAMES_MS:
        raise ValueError(text)
    return int(text)


def _mask(text: str) -> str:
    if text not in MASKS:
        raise ValueError(text)
    return text


def _dialect(reader: _Reader) -> Dialect:
    try:
        return dialect_of(reader.environ.get("DRILL_DIALECT") or USUAL)
    except DefinitionError as error:
        reader.mistakes += [f"DRILL_DIALECT: {mistake}" for mistake in error.mistakes]
        return dialect_of(USUAL)


def _grammar(text: str) -> MarkGrammar:
    pattern = re.compile(text)
    if not set(pattern.groupindex) >= _PARTS:
        raise ValueError(text)
    return MarkGrammar(turn=pattern)
