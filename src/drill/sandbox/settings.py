"""What can be set about a service, checked when it is read: a misspelt key must not mean "default"."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from drill.sandbox import defects
from drill.sandbox.breaker import Policy
from drill.sandbox.defects import Defect, Defects

C = TypeVar("C")
_BARE_SHARE = 0.4


class ConfigError(ValueError):
    """A configuration that cannot be used; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Tunables of an agent; stage latencies are medians of lognormal distributions.

    `stt_timeout_ms`, `model_timeout_ms`, `tts_timeout_ms`: how long a caller is made to wait for a stage, or
    for its next piece of speech. `capacity`: calls admitted at a time. `store_silence_s`: how long without
    the store is illness. `store_patience_s`: how long a turn is offered to a store that does not take it.
    """

    stt_ms: float = 80.0
    model_ms: float = 200.0
    tts_ms: float = 80.0
    sigma: float = 0.15
    reply_ms: float = 800.0
    stt_timeout_ms: float = 800.0
    model_timeout_ms: float = 1000.0
    tts_timeout_ms: float = 800.0
    ehr_timeout_ms: float = 2500.0
    breaker_window: int = 10
    breaker_minimum: int = 5
    breaker_failure_rate: float = 0.5
    breaker_wait_s: float = 5.0
    breaker_trials: int = 1
    outbox_interval_s: float = 0.5
    capacity: int = 40
    store_silence_s: float = 15.0
    store_patience_s: float = 12.0

    def policy(self, active: Defects) -> Policy:
        """The breaker's policy, spoilt where a defect says so."""
        policy = Policy(
            self.breaker_window,
            self.breaker_minimum,
            self.breaker_failure_rate,
            self.breaker_wait_s,
            self.breaker_trials,
        )
        return defects.spoil(policy, active)

    def admits(self, active: Defects) -> int:
        """Calls taken at a time; under the defect so few that two zones have not the room of one."""
        return int(self.capacity * _BARE_SHARE) if Defect.NO_CAPACITY in active else self.capacity


@dataclass(frozen=True, slots=True)
class Member:
    """A store member as one zone reaches it: its server, and what says whether it leads."""

    zone: str
    dsn: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One zone's voice agent. The store is at `dsn`, or at whichever of `members` leads; `stages` are the
    roots of recognition, model and synthesis."""

    zone: str
    host: str
    port: int
    ehr_base: str
    dsn: str
    passfile: str
    truth: Path
    stages: Mapping[str, str]
    defects: Defects = frozenset()
    settings: Settings = field(default_factory=Settings)
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class StagesConfig:
    """Recognition, model and synthesis: where each listens, as `host:port`."""

    listen: Mapping[str, str]
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class EhrConfig:
    """The health record service."""

    host: str
    port: int
    database: Path
    truth: Path
    patients: int = 200


@dataclass(frozen=True, slots=True)
class Listener:
    """One relayed link."""

    link: str
    host: str
    port: int
    to_host: str
    to_port: int


@dataclass(frozen=True, slots=True)
class EgressConfig:
    """The counting relay."""

    listeners: tuple[Listener, ...]
    metrics_host: str
    metrics_port: int
    truth: Path


def agent(data: Mapping[str, Any]) -> AgentConfig:
    """An agent's configuration from JSON data."""
    settings = build(Settings, data.get("settings", {}), "settings")
    _positive(settings)
    try:
        active = defects.parse(list(data.get("defects", [])))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    members = tuple(build(Member, item, "member") for item in data.get("members", ()))
    return build(AgentConfig, {**data, "settings": settings, "defects": active, "members": members}, "agent")


def stages(data: Mapping[str, Any]) -> StagesConfig:
    """The speech and model services' configuration from JSON data."""
    settings = build(Settings, data.get("settings", {}), "settings")
    _positive(settings)
    return build(StagesConfig, {**data, "settings": settings}, "stages")


def ehr(data: Mapping[str, Any]) -> EhrConfig:
    """The EHR's configuration from JSON data."""
    return build(EhrConfig, data, "ehr")


def egress(data: Mapping[str, Any]) -> EgressConfig:
    """The relay's configuration from JSON data."""
    listeners = tuple(build(Listener, item, "listener") for item in data.get("listeners", ()))
    return build(EgressConfig, {**data, "listeners": listeners}, "egress")


def build(kind: type[C], data: Mapping[str, Any], what: str) -> C:
    """A dataclass from JSON data; ConfigError for a key that it lacks or does not know."""
    fields = {item.name: item for item in dataclasses.fields(kind)}  # type: ignore[arg-type]  # every kind is a dataclass
    unknown = sorted(set(data) - set(fields))
    needed = {name for name, item in fields.items() if _required(item)}
    if unknown or needed - set(data):
        raise ConfigError(
            f"{what}: unknown keys {unknown}, missing keys {sorted(needed - set(data))}; "
            f"known keys: {', '.join(fields)}"
        )
    return kind(**{name: _as(fields[name], value, what) for name, value in data.items()})


def _required(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


_CONVERT: Mapping[str, Any] = {"int": int, "float": float, "str": str, "Path": Path}


def _as(item: dataclasses.Field[Any], value: object, what: str) -> object:
    """The value as the field's type; text is understood, as it comes from a command line."""
    try:
        return _CONVERT.get(str(item.type), lambda same: same)(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{what}: {item.name} = {value!r} is not {item.type}") from error


def _positive(settings: Settings) -> None:
    values = dataclasses.asdict(settings)
    bad = [name for name, value in values.items() if value < 0 or (value == 0 and name != "sigma")]
    if bad or settings.breaker_failure_rate > 1:
        raise ConfigError(
            f"settings out of range: {bad or 'breaker_failure_rate'}; above 0, a rate at most 1"
        )
