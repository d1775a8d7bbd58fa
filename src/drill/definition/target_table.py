"""Every key of drill.toml (and of a sandbox's target.toml, which is the same): kind, meaning, example."""

from __future__ import annotations

from drill.definition.guards_table import GUARDS
from drill.definition.keys import Key, ListOf, MapOf, Table
from drill.definition.kinds import (
    AT_LEAST_ONE,
    COLUMN,
    DURATION,
    HTTP,
    NAME,
    NUMBER,
    POSTGRES,
    SYNTHETIC,
    TEXT,
    WEBSOCKET,
    choice,
)
from drill.definition.stages import STAGES
from drill.model.target import MAX_CALLS, MAX_CALLS_PER_S

ENVIRONMENT = choice("environment", "sandbox", "staging", "production")
BACKUP_KIND = choice("kind of backups", "barman-cloud", "directory", "pgbackrest")
STAGE_NAME = choice("stage", *STAGES)
CARRIES = choice("load of a wire", "voice", "sql", "wal", "consensus", "members")

ZONE = Table(
    "zone",
    "One failure domain.",
    (
        Key("name", NAME, "Name of the zone, unique within the target.", 'name = "a"'),
        Key("health", HTTP, "Health endpoint of the zone.", 'health = "http://127.20.1.1:17001/health"'),
        Key(
            "metrics", HTTP, "Prometheus metrics of the zone.", 'metrics = "http://127.20.1.1:17001/metrics"'
        ),
        Key(
            "capacity", AT_LEAST_ONE, "Calls that the zone admits at a time.", "capacity = 40", required=False
        ),
    ),
)
BREAKER = Table(
    "breaker",
    "The circuit breaker around the EHR client, the same in every zone.",
    (
        Key("name", TEXT, "The breaker's name in the zones' resilience4j metrics.", 'name = "ehr"'),
        Key(
            "half_open_calls",
            AT_LEAST_ONE,
            "Trials permitted each time it is half-open.",
            "half_open_calls = 1",
        ),
        Key("wait", DURATION, "How long it stays open before a trial.", 'wait = "5s"'),
    ),
)
REQUESTS = Table(
    "requests",
    "A count of EHR requests on the wire that the platform does not make itself.",
    (
        Key(
            "url",
            HTTP,
            "Prometheus endpoint that holds the counter.",
            'url = "http://127.20.0.7:9100/metrics"',
        ),
        Key("metric", TEXT, "Name of the counter.", 'metric = "egress_requests_total"'),
        Key("label", TEXT, "The label that holds a link's proxy name.", 'label = "link"'),
    ),
)
LINK = Table(
    "link",
    "A zone's way to the EHR through a fault proxy that speaks Toxiproxy's API.",
    (
        Key("zone", NAME, "The zone whose link it is.", 'zone = "a"'),
        Key("proxy", TEXT, "Name of the proxy at the fault proxy's API.", 'proxy = "ehr-a"'),
        Key(
            "api",
            HTTP,
            "The fault proxy's API; drill changes what runs there.",
            'api = "http://127.20.0.8:8474"',
        ),
    ),
)
EHR = Table(
    "ehr",
    "The electronic health record system that the platform depends on.",
    (
        Key(
            "direct",
            HTTP,
            "FHIR base past the fault proxies; records are read back there.",
            'direct = "http://127.20.4.1:17003/fhir"',
        ),
        Key(
            "probe_patient",
            SYNTHETIC,
            "Identifier of a synthetic patient that probes ask for; it begins with `synthetic-`.",
            'probe_patient = "synthetic-0001"',
        ),
        Key(
            "links",
            ListOf(LINK, least=1),
            "The links that can be faulted, one per zone.",
            "[[target.NAME.ehr.links]]",
        ),
        Key(
            "requests",
            REQUESTS,
            "Independent count of EHR requests.",
            "[target.NAME.ehr.requests]",
            required=False,
        ),
    ),
)
WIRE = Table(
    "wire",
    "A way from one failure domain into another through a fault proxy; ways within a zone are none.",
    (
        Key(
            "carries",
            CARRIES,
            "Callers' media (voice), statements (sql), replication (wal), or the store's own coordination "
            "(consensus, members).",
            'carries = "wal"',
        ),
        Key("source", NAME, "The zone that connects, or `edge`.", 'source = "b"'),
        Key("zone", NAME, "The zone that it connects to.", 'zone = "a"'),
        Key("proxy", TEXT, "Name of the proxy at the fault proxy's API.", 'proxy = "wal-b-a"'),
        Key(
            "api",
            HTTP,
            "The fault proxy's API; drill changes what runs there.",
            'api = "http://127.20.0.8:8474"',
        ),
    ),
)
STAGE = Table(
    "stage",
    "A zone's way to what hears, thinks or speaks for it, through a fault proxy.",
    (
        Key("stage", STAGE_NAME, "Recognition, model or synthesis.", 'stage = "model"'),
        Key("zone", NAME, "The zone whose way it is.", 'zone = "a"'),
        Key("proxy", TEXT, "Name of the proxy at the fault proxy's API.", 'proxy = "model-a"'),
        Key(
            "api",
            HTTP,
            "The fault proxy's API; drill changes what runs there.",
            'api = "http://127.20.0.8:8474"',
        ),
        Key(
            "probe",
            HTTP,
            "Address past the fault proxies; while a drill hurts this stage its path is asked through the "
            "link twice a second. Anything but 2xx is no good answer.",
            'probe = "http://127.20.4.2:17012/reply"',
        ),
        Key(
            "ask",
            TEXT,
            "JSON that is posted there; a GET when not given.",
            """ask = '{"call": "probe", "seq": 0, "intent": "chat", "outcome": "full"}'""",
            required=False,
        ),
    ),
)
MEMBER = Table(
    "member",
    "One zone's copy of the store, as Patroni keeps it.",
    (
        Key("zone", NAME, "The zone that holds it.", 'zone = "a"'),
        Key("status", HTTP, "Root of the member's Patroni REST API.", 'status = "http://127.20.1.1:18008"'),
    ),
)
STORE = Table(
    "store",
    "Where the platform keeps acknowledged turns.",
    (
        Key(
            "dsn",
            POSTGRES,
            "Address, without a password; several hosts are asked in turn.",
            'dsn = "postgresql://drill@127.20.1.1:15432,127.20.2.1:15432/voice?target_session_attrs=primary"',
        ),
        Key(
            "passfile",
            TEXT,
            "libpq password file (mode 0600), relative to this file.",
            'passfile = "pgpass"',
            required=False,
        ),
        Key(
            "turns",
            TEXT,
            "SQL that gives turn_id, call_sid, seq and digest of the turns of %(run_id)s; a fifth column, if "
            "there is one, is a number that orders them as they were saved.",
            'turns = "SELECT turn_id, call_sid, seq, digest FROM turn WHERE drill_id = %(run_id)s"',
        ),
        Key(
            "outbox_pending",
            TEXT,
            "SQL that counts EHR writes not delivered yet.",
            'outbox_pending = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"',
        ),
        Key(
            "members",
            ListOf(MEMBER),
            "The copies, one per zone that has one; without them no failover can be watched.",
            "[[target.NAME.store.members]]",
            required=False,
        ),
    ),
)
REGION = (
    Key(
        "location",
        TEXT,
        "Where they lie: `s3://BUCKET/SERVER`, a folder relative to this file, or pgBackRest's stanza.",
        'location = "s3://voice-backups/voice"',
    ),
    Key(
        "endpoint",
        HTTP,
        "Address of the S3 endpoint.",
        'endpoint = "http://127.20.0.10:9000"',
        required=False,
    ),
    Key(
        "credentials",
        TEXT,
        "AWS shared credentials file (mode 0600), relative to this file; drill only reads there.",
        'credentials = "backups/credentials"',
        required=False,
    ),
)
REPLICA = Table("replica", "The second region of the backups, which the platform fills by itself.", REGION)
PROTECTED = Table(
    "protected",
    "A place where nothing that is put can be deleted, best in the backups' own bucket. Each drill leaves a "
    "canary there for as long as the place holds it; the keys should be allowed to put, read and delete.",
    (
        Key("location", TEXT, "`s3://BUCKET/PREFIX`, beside the backups and not among them.",
            'location = "s3://voice-backups/canaries"'),
        Key("endpoint", HTTP, "Address of the S3 endpoint.", 'endpoint = "http://127.20.0.10:9000"'),
        Key("credentials", TEXT, "AWS shared credentials file (mode 0600), relative to this file.",
            'credentials = "backups/credentials"'),
    ),
)  # fmt: skip
ERASURES = Table(
    "erasures",
    "Who was erased, and has to be erased again from whatever is restored.",
    (
        Key(
            "register",
            TEXT,
            "A text file kept outside of the database, relative to this file: one identifier a line, lines "
            "that begin with # are remarks. It is read; no identifier is ever written down.",
            'register = "backups/erased"',
        ),
        Key(
            "columns",
            ListOf(COLUMN, least=1),
            "Columns that hold identifiers, in the order in which their rows may go: those that refer before "
            "those that are referred to.",
            'columns = ["outbox.patient", "turn.patient"]',
        ),
    ),
)
BACKUPS = Table(
    "backups",
    "The store's backups, and what is promised of them.",
    (
        Key(
            "kind",
            BACKUP_KIND,
            "How they are kept: Barman cloud in S3, pg_basebackup in folders, or pgBackRest's repository.",
            'kind = "barman-cloud"',
        ),
        *REGION,
        Key(
            "source",
            POSTGRES,
            "The store, for a role that may read everything and write nothing.",
            'source = "postgresql://drill_auditor@127.20.1.1:15432/voice"',
        ),
        Key(
            "passfile",
            TEXT,
            "libpq password file of that role (mode 0600), relative to this file.",
            'passfile = "backups/pgpass-auditor"',
            required=False,
        ),
        Key(
            "standby",
            POSTGRES,
            "A replica of the store for the same role, which may pause its replay; rows are compared there.",
            'standby = "postgresql://drill_auditor@127.20.2.1:15432/voice"',
            required=False,
        ),
        Key(
            "programs",
            TEXT,
            "Folder of PostgreSQL's programs, of the store's major version; those on PATH when not given.",
            'programs = "/usr/lib/postgresql/18/bin"',
            required=False,
        ),
        Key("every", DURATION, "The policy: a base backup at least this often.", 'every = "1d"'),
        Key(
            "keep", AT_LEAST_ONE, "The policy: so many base backups are kept, no fewer, no more.", "keep = 7"
        ),
        Key(
            "lag",
            DURATION,
            "The policy: how late the second region may be; 60s when not given.",
            'lag = "5m"',
            required=False,
        ),
        Key("replica", REPLICA, "The second region.", "[target.NAME.backups.replica]", required=False),
        Key("erasures", ERASURES, "Who was erased.", "[target.NAME.backups.erasures]", required=False),
        Key(
            "held",
            TEXT,
            "Register of the base backups that are on hold, a text file kept outside of the store, relative "
            "to this file: a name a line, and after it `standalone` where the log since then may go.",
            'held = "backups/held"',
            required=False,
        ),
        Key(
            "protected",
            PROTECTED,
            "Where nothing can be deleted.",
            "[target.NAME.backups.protected]",
            required=False,
        ),
        Key(
            "first_call",
            ListOf(TEXT, least=1),
            "Command that starts the platform's own agent on a restored copy, whose place (a libpq "
            "connection string) stands for `{dsn}`, and takes one synthetic call with it; the recovery time "
            "ends there. It runs without a shell, and without a network but a loopback. Exit code 0 when the "
            "call's turn is stored; its last line of output is kept.",
            'first_call = ["/srv/voice/bin/first-call", "--dsn", "{dsn}"]',
            required=False,
        ),
    ),
)
TARGET = Table(
    "target",
    "A platform under test.",
    (
        Key(
            "environment",
            ENVIRONMENT,
            "What is at stake: sandbox, staging or production.",
            'environment = "staging"',
        ),
        Key(
            "edge", WEBSOCKET, "Where callers' media streams connect.", 'edge = "ws://127.20.0.1:10000/media"'
        ),
        Key(
            "profile",
            TEXT,
            "Name of the platform's timing profile; reports show it beside every time.",
            'profile = "lite"',
            required=False,
        ),
        Key(
            "allow",
            ListOf(TEXT),
            "Hosts outside this machine that drill may call or change.",
            'allow = ["voice.staging.internal"]',
            required=False,
        ),
        Key(
            "max_calls",
            AT_LEAST_ONE,
            f"Calls that a drill may mean to have up at a time; {MAX_CALLS} when not given.",
            "max_calls = 200",
            required=False,
        ),
        Key(
            "max_calls_per_s",
            NUMBER,
            f"Calls that a drill may mean to start in a second; {MAX_CALLS_PER_S:g} when not given.",
            "max_calls_per_s = 10",
            required=False,
        ),
        Key(
            "control",
            HTTP,
            "Root of the zone control, through which drill takes zones away and gives them back.",
            'control = "http://127.20.0.9:8475"',
            required=False,
        ),
        Key(
            "edge_admin",
            HTTP,
            "Root of the edge's Envoy admin interface; drill reads there where new calls are sent.",
            'edge_admin = "http://127.20.0.1:9901"',
            required=False,
        ),
        Key("zones", ListOf(ZONE, least=1), "The zones.", "[[target.NAME.zones]]"),
        Key("breaker", BREAKER, "The EHR client's breaker.", "[target.NAME.breaker]", required=False),
        Key("ehr", EHR, "The EHR.", "[target.NAME.ehr]", required=False),
        Key("store", STORE, "The store.", "[target.NAME.store]", required=False),
        Key("backups", BACKUPS, "The store's backups.", "[target.NAME.backups]", required=False),
        Key(
            "wires",
            ListOf(WIRE),
            "The ways between failure domains that can be cut.",
            "[[target.NAME.wires]]",
            required=False,
        ),
        Key("guards", GUARDS, "What a drill may do here, and when.", "[target.NAME.guards]", required=False),
        Key(
            "stages",
            ListOf(STAGE),
            "The ways to speech and model that can be hurt, one per stage and zone.",
            "[[target.NAME.stages]]",
            required=False,
        ),
    ),
)
TARGET_FILE = Table(
    "the file",
    "A target file.",
    (Key("target", MapOf(NAME, TARGET), "Targets by name.", "[target.NAME]"),),
)
