"""The platform under test as `drill.toml` describes it; the sandbox is described the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from drill.model.guards import Guards

# What a platform may be called by when nobody says more: twice what one machine's load is built for.
MAX_CALLS = 2000
MAX_CALLS_PER_S = 100.0


@dataclass(frozen=True, slots=True)
class Zone:
    """One failure domain, and where it tells about itself. `capacity`: calls that it admits at a time,
    0 when the platform does not say."""

    name: str
    health: str
    metrics: str
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Breaker:
    """The circuit breaker around the EHR client, by its name in the zones' metrics."""

    name: str
    half_open_calls: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class Requests:
    """An independent counter of EHR requests on the wire: Prometheus URL, metric, and the label that
    holds a link's proxy name."""

    url: str
    metric: str
    label: str


@dataclass(frozen=True, slots=True)
class Link:
    """A zone's way to the EHR: the named proxy at a fault proxy's API."""

    zone: str
    proxy: str
    api: str


@dataclass(frozen=True, slots=True)
class Ehr:
    """The EHR: read-back address past the fault proxies, links that can be cut, request counter."""

    direct: str
    probe_patient: str
    links: tuple[Link, ...]
    requests: Requests | None


@dataclass(frozen=True, slots=True)
class Member:
    """One zone's copy of the store; `status` is the root of its Patroni REST API."""

    zone: str
    status: str


@dataclass(frozen=True, slots=True)
class Wire:
    """A way from one place to a zone, through the named proxy at a fault proxy's API.

    `carries`: voice (callers' media), sql (statements), wal (replication), consensus or members (the
    store's own coordination). `source` is a zone, or `edge`.
    """

    carries: str
    source: str
    zone: str
    proxy: str
    api: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A zone's way to recognition, model or synthesis, through the named proxy at a fault proxy's API.

    `probe` is an address past the fault proxies, whose path is asked through the link; `ask` is what is
    posted there, JSON, or "" for a GET.
    """

    stage: str
    zone: str
    proxy: str
    api: str
    probe: str
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """Where turns are kept: PostgreSQL DSN, password file, the two queries that read it back, and the
    members that hold the copies (none: the store has no failover that could be watched)."""

    dsn: str
    passfile: Path | None
    turns: str
    outbox_pending: str
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """One place where backups lie: `s3://BUCKET/SERVER` at an `endpoint`, or a folder ("" then); the
    `credentials` are an AWS shared credentials file."""

    location: str
    endpoint: str = ""
    credentials: Path | None = None


@dataclass(frozen=True, slots=True)
class Erasures:
    """Who was erased, told outside of the database: the `register`, one identifier a line, and the columns
    (schema, table, name) that hold identifiers, in the order in which their rows may go."""

    register: Path
    columns: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Backups:
    """The store's backups.

    Attributes:
        kind: `barman-cloud`, `directory` or `pgbackrest`.
        main: where they are made.
        source: PostgreSQL DSN of the store for a role that may read everything and write nothing.
        programs: folder of PostgreSQL's own programs, of the store's version; None: those on PATH.
        every_s, keep: the policy: a base backup at least so often, the newest so many are kept.
        replica: the second region, where there is one.
        standby: DSN of a replica of the store for the same role, to be compared with; "" for none.
        lag_s: the policy: how late the second region may be.
        erasures: who has to be erased again from whatever is restored; None when the target does not say.
        held: register of the base backups that are on hold; None when the target does not say.
        protected: where what is put cannot be deleted, for a canary of the drill's own; likewise.
        first_call: command, with the copy's place as {dsn}, that makes a call by the platform's own agent.
    """

    kind: str
    main: Region
    source: str
    passfile: Path | None
    programs: Path | None
    every_s: float
    keep: int
    replica: Region | None = None
    standby: str = ""
    lag_s: float = 60.0
    erasures: Erasures | None = None
    held: Path | None = None
    protected: Region | None = None
    first_call: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A platform under test. `digest` is of the file's bytes; `file` is where it was read.

    `control` is the root of its zone control ("" without one), `edge_admin` that of the edge's own
    Envoy admin interface ("" likewise). `allow` names the hosts outside this machine that may be touched;
    `max_calls` and `max_calls_per_s` are the most that a drill may ask for; `guards`: when, how far and with
    whose word it may be drilled.
    """

    name: str
    environment: str
    profile: str
    edge: str
    zones: tuple[Zone, ...]
    breaker: Breaker | None
    ehr: Ehr | None
    store: Store | None
    digest: str
    file: Path
    control: str = ""
    edge_admin: str = ""
    wires: tuple[Wire, ...] = ()
    allow: tuple[str, ...] = ()
    max_calls: int = MAX_CALLS
    max_calls_per_s: float = MAX_CALLS_PER_S
    backups: Backups | None = None
    guards: Guards = field(default_factory=Guards)
    stages: tuple[Stage, ...] = ()
