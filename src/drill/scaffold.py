"""`drill init DIR`: a commented drill.toml, and the shipped drills to begin with.

In a wheel the shipped files are inside the package; in a checkout they are where they are
worked on, at the top of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from drill.model.errors import DefinitionError

SHIPPED = ("drills", "experiments", "loadprofiles", "docs/runbooks")
PACKAGE = Path(__file__).parent
TOML = """\
# The platform under test. `drill check` says what is wrong here, and which drills it can take;
# `drill check --live DRILL` what one would touch. Both change nothing. `drill schema target` tells what every
# key means, and so does the project's docs/target-file.md. Lines that begin with # are for further drills.

[target.staging]
environment = "staging"                            # sandbox, staging or production, which needs all of guards
edge = "ws://127.0.0.1:10000/media"                # where calls' media streams connect
# allow = ["voice.staging.example"]                # names every host that is not this machine
# max_calls = 200                                  # the most at a time; 2000 when not given
# max_calls_per_s = 10                             # and in a second; 100 when not given
profile = "staging"                                # a word for the report
# control = "http://127.0.0.9:8475"                # takes zones away; for drills of zones
# edge_admin = "http://127.0.0.1:9901"             # the edge's own Envoy admin interface; likewise

[[target.staging.zones]]                      # once per zone
name = "a"
health = "http://127.0.1.1:17001/health"           # 2xx while the zone can serve
metrics = "http://127.0.1.1:17001/metrics"         # Prometheus; resilience4j breaker metrics
# capacity = 40                                    # calls that the zone admits at a time

# [[target.staging.zones]]                    # a second zone, for drills that take one
# name = "b"
# health = "http://127.0.2.1:17001/health"
# metrics = "http://127.0.2.1:17001/metrics"
# capacity = 40

[target.staging.breaker]
name = "ehr"                                       # label `name` of resilience4j_circuitbreaker_state
half_open_calls = 1
wait = "5s"

[target.staging.ehr]
direct = "http://127.0.4.1:17003/fhir"             # past the fault proxies: records are read back here
probe_patient = "synthetic-0001"                   # a synthetic patient that exists

[target.staging.ehr.requests]                 # counts EHR requests on the wire, before the fault proxy
url = "http://127.0.0.7:9100/metrics"
metric = "egress_requests_total"
label = "link"                                     # its value is the link's proxy name

[[target.staging.ehr.links]]                  # once per zone: its way to the EHR, through a Toxiproxy
zone = "a"
proxy = "ehr-a"
api = "http://127.0.0.8:8474"

[target.staging.store]
dsn = "postgresql://drill_reader@127.0.1.1:15432/voice"
passfile = "pgpass"                                # beside this file, mode 0600; never put a password here
turns = "SELECT turn_id, call_sid, seq, digest FROM turn WHERE drill_id = %(run_id)s"
outbox_pending = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"

# [target.staging.backups]                    # for drills that restore
# kind = "barman-cloud"                            # barman-cloud, directory or pgbackrest
# location = "s3://voice-backups/voice"
# endpoint = "http://127.0.0.10:9000"
# credentials = "credentials"                      # an AWS shared credentials file, mode 0600
# source = "postgresql://drill_auditor@127.0.1.1:15432/voice"   # may read everything, write nothing
# passfile = "pgpass"
# standby = "postgresql://drill_auditor@127.0.2.1:15432/voice"  # a replica whose replay may be paused
# lag = "5m"                                       # how late the second region may be; 60s when not given
# programs = "/usr/lib/postgresql/18/bin"          # PostgreSQL's, of the store's version
# every = "1d"                                     # the policy: a base backup at least this often
# keep = 7                                         # so many are kept, no fewer, no more
# first_call = ["bin/first-call", "--dsn", "{dsn}"]   # one call by the platform's own agent, to the copy
# held = "/srv/holds/backups.txt"                  # base backups on hold, a name a line; kept elsewhere

# [target.staging.backups.protected]          # where nothing that is put can be deleted; tried on a canary
# location = "s3://voice-backups/canaries"
# endpoint = "http://127.0.0.10:9000"
# credentials = "credentials"

# [target.staging.backups.erasures]           # who was erased has to be erased again after a restore
# register = "/srv/erasures/identifiers.txt"       # kept outside of the database; one identifier a line
# columns = ["outbox.patient", "turn.patient"]     # those that refer first; SCHEMA.TABLE.COLUMN

# [target.staging.guards]                     # when, how far, with whose word; see docs/safety.md
# time_zone = "Europe/Berlin"
# hours = ["mon-fri 09:00-16:00"]                  # any time when not given
# max_duration = "20m"
# blast_radius = {zones = 1, capacity = "34%", calls = 40}
# real_calls = {metric = "agent_real_calls", max = 0}   # gauge of calls by real people, on each metrics page
# freezes = [{begin = "2026-12-18T00:00", end = "2027-01-04T08:00", why = "end of year"}]
# approvers = [{name = "carol", key = "..."}]      # `drill keygen carol` prints the key

# [target.staging.backups.replica]            # the second region, which the platform fills by itself
# location = "s3://voice-backups/voice"
# endpoint = "http://127.0.0.11:9000"
# credentials = "credentials"

# [[target.staging.store.members]]            # once per copy of the store, for drills of zones
# zone = "a"
# status = "http://127.0.1.1:18008"                # root of the member's Patroni REST API

# [[target.staging.wires]]                    # once per way from zone to zone, or from the edge to a zone
# carries = "wal"                                  # voice, sql, wal, consensus or members
# source = "b"
# zone = "a"
# proxy = "wal-b-a"
# api = "http://127.0.0.8:8474"

# [[target.staging.stages]]                   # once per stage and zone, for drills of speech and model
# stage = "model"                                  # recognition, model or synthesis
# zone = "a"
# proxy = "model-a"
# api = "http://127.0.0.8:8474"
# probe = "http://127.0.4.2:17012/reply"           # past the fault proxies; asked through the link
# ask = '{"call": "probe", "seq": 0}'              # what is posted there; a GET without it
"""


def shipped(name: str) -> Path:
    """A shipped folder: in the package, or at the top of the checkout."""
    inside = PACKAGE / "shipped" / name
    return inside if inside.is_dir() else PACKAGE.parents[1] / name


def init(folder: Path) -> list[Path]:
    """Write everything a platform of one's own needs; DefinitionError when something is in the way."""
    wanted = [folder / "drill.toml", *(folder / name for name in SHIPPED)]
    taken = [f"{path}: is there already; name an empty folder" for path in wanted if path.exists()]
    if taken:
        raise DefinitionError(taken)
    try:
        _write(folder)
    except OSError as error:
        raise DefinitionError(
            f"{folder}: cannot be written: {error.strerror or error}; name another folder"
        ) from error
    return wanted


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drill.toml").write_text(TOML, encoding="utf-8")
    for name in SHIPPED:
        shutil.copytree(shipped(name), folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
