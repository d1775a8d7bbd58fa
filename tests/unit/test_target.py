"""A target file is read whole or refused whole, and nothing off this machine is drilled by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from drill.model.errors import DefinitionError
from drill.model.target import (
    Backups,
    Breaker,
    Ehr,
    Erasures,
    Link,
    Member,
    Region,
    Requests,
    Store,
    Wire,
    Zone,
)
from drill.target import find_target, load_target

TOML = """\
[target.mine]
environment = "sandbox"
edge = "ws://127.20.0.1:10000/media"
profile = "lite"
[[target.mine.zones]]
name = "a"
health = "http://127.20.1.1:17001/health"
metrics = "http://127.20.1.1:17001/metrics"
[[target.mine.zones]]
name = "b"
health = "http://127.20.2.1:17001/health"
metrics = "http://127.20.2.1:17001/metrics"
[target.mine.breaker]
name = "ehr"
half_open_calls = 1
wait = "5s"
[target.mine.ehr]
direct = "http://127.20.4.1:17003/fhir"
probe_patient = "synthetic-0001"
[target.mine.ehr.requests]
url = "http://127.20.0.7:9100/metrics"
metric = "egress_requests_total"
label = "link"
[[target.mine.ehr.links]]
zone = "a"
proxy = "ehr-a"
api = "http://127.20.0.8:8474"
[[target.mine.ehr.links]]
zone = "b"
proxy = "ehr-b"
api = "http://127.20.0.8:8474"
[target.mine.store]
dsn = "postgresql://drill@127.20.1.1:15432/voice"
passfile = "pgpass"
turns = '''
SELECT turn_id, call_sid, seq, digest FROM turn
WHERE drill_id = %(run_id)s
'''
outbox_pending = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
"""
LEAST = """\
[target.NAME]
environment = "staging"
edge = "ws://localhost/media"
[[target.NAME.zones]]
name = "a"
health = "http://[::1]/health"
metrics = "http://[::1]/metrics"
"""

# Goes before the first zone: a key, and tables that TOML lets stand anywhere.
CONTROLS = 'control = "http://127.20.0.9:8475/"\nedge_admin = "http://127.20.0.1:9901"\n'
ZONED = (
    TOML.replace("[[target.mine.zones]]", CONTROLS + "[[target.mine.zones]]", 1)
    .replace('name = "b"', 'name = "b"\ncapacity = 40')
    .replace(
        "@127.20.1.1:15432/voice", "@127.20.1.1:15432,127.20.2.1:15432/voice?target_session_attrs=primary"
    )
    + """\
[[target.mine.store.members]]
zone = "a"
status = "http://127.20.1.1:18008/"
[[target.mine.store.members]]
zone = "b"
status = "http://127.20.2.1:18008"
[[target.mine.wires]]
carries = "voice"
source = "edge"
zone = "a"
proxy = "voice-edge-a"
api = "http://127.20.0.8:8474"
[[target.mine.wires]]
carries = "wal"
source = "b"
zone = "a"
proxy = "wal-b-a"
api = "http://127.20.0.8:8474"
"""
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's folder, and the working directory, so that messages have short paths."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DRILL_TARGET", raising=False)
    return tmp_path


def _mistakes(text: str, name: str | None = None) -> list[str]:
    Path("drill.toml").write_text(text)
    with pytest.raises(DefinitionError) as error:
        load_target(Path("drill.toml"), name)
    return list(error.value.mistakes)


def test_a_whole_target_is_read(here: Path) -> None:
    """Every part, with the password file beside the target file."""
    Path("drill.toml").write_text(TOML)
    target = load_target(Path("drill.toml"))
    assert (target.name, target.environment, target.profile) == ("mine", "sandbox", "lite")
    assert target.zones[1] == Zone("b", "http://127.20.2.1:17001/health", "http://127.20.2.1:17001/metrics")
    assert target.breaker == Breaker("ehr", 1, 5.0)
    assert target.ehr == Ehr(
        "http://127.20.4.1:17003/fhir",
        "synthetic-0001",
        (Link("a", "ehr-a", "http://127.20.0.8:8474"), Link("b", "ehr-b", "http://127.20.0.8:8474")),
        Requests("http://127.20.0.7:9100/metrics", "egress_requests_total", "link"),
    )
    assert isinstance(target.store, Store)
    assert target.store.passfile == Path("pgpass")
    assert len(target.digest) == 64


def test_the_least_target_is_read(here: Path) -> None:
    """Breaker, EHR and store are there only where the platform has them."""
    Path("drill.toml").write_text(LEAST.replace("NAME", "small"))
    target = load_target(Path("drill.toml"))
    assert (target.breaker, target.ehr, target.store, target.profile) == (None, None, None, "")


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            'environment = "sandbox"',
            'environment = "prod"',
            (
                "2: target.mine.environment: 'prod' is not a "
                "known environment; write sandbox or staging or production"
            ),
        ),
        (
            'profile = "lite"',
            'profle = "lite"',
            ("4: unknown key 'profle' in target.mine; did you mean 'profile'?"),
        ),
        (
            'edge = "ws:',
            'edge = "http:',
            (
                "3: target.mine.edge: 'http://127.20.0.1:10000/media' is not a "
                "WebSocket address; write ws://host:port/path"
            ),
        ),
        (
            'health = "http://127.20.2.1:17001/health"',
            'health = "127.20.2.1:17001"',
            (
                "11: target.mine."
                "zones[1].health: '127.20.2.1:17001' is not a HTTP address; write http://host:port/path"
            ),
        ),
        (
            'health = "http://127.20.2.1:17001/health"',
            'health = "http://127.20.2.1:99999/"',
            (
                "11: target.mine."
                "zones[1].health: 'http://127.20.2.1:99999/' has a host or port that cannot be; "
                "write http://host:port/path"
            ),
        ),
        (
            'api = "http://127.20.0.8:8474"',
            'api = "http:///x"',
            (
                "27: target.mine.ehr.links[0].api: "
                "'http:///x' names no usable host; write http://host:port/path"
            ),
        ),
        ('name = "b"', 'name = "a"', "10: zone 'a' is there already, in line 6; keep one of them"),
        ('zone = "b"', 'zone = "bb"', "29: zone 'bb' is not a zone of this target; did you mean 'b'?"),
        ('zone = "b"', 'zone = "z"', "29: zone 'z' is not a zone of this target; known are a, b"),
        ('zone = "b"', 'zone = "a"', "29: link of zone 'a' is there already, in line 25; keep one of them"),
        (
            'wait = "5s"',
            "wait = 5",
            (
                "16: target.mine.breaker.wait: 5 is not a duration; write a number with "
                "a unit, such as 30s, 1500ms or 5m"
            ),
        ),
        ('wait = "5s"\n', "", "13: target.mine.breaker lacks the key 'wait'; write wait = \"5s\""),
        (
            "half_open_calls = 1",
            "half_open_calls = 0",
            (
                "15: target.mine.breaker.half_open_calls: 0 is not a "
                "count of at least one; write a whole number from 1 on"
            ),
        ),
        (
            "drill@127",
            "drill:secret@127",
            (
                "33: target.mine.store.dsn: the address of 127.20.1.1 carries a "
                "password; keep it in a file of its own"
            ),
        ),
        (
            'outbox_pending = "S',
            'outbox = "S',
            ("39: unknown key 'outbox' in target.mine.store; did you mean 'outbox_pending'?"),
        ),
        ('passfile = "pgpass"', "passfile = ", "34: is not TOML: Invalid value; write key = value lines"),
        (
            "[target.mine.breaker]",
            "[targets.mine.breaker]",
            ("13: unknown key 'targets'; did you mean 'target'?"),
        ),
        (
            'edge = "ws://127.20.0.1',
            'edge = "wss://voice.example',
            (
                "3: edge: voice.example is outside this "
                "machine, and a drill hurts what it is pointed at; if that is meant, write "
                'allow = ["voice.example"] in this target'
            ),
        ),
        (
            'api = "http://127.20.0.8',
            'api = "http://10.0.0.8',
            (
                "27: api: 10.0.0.8 is outside this machine, "
                "and a drill hurts what it is pointed at; if that is meant, write allow = "
                '["10.0.0.8"] in this '
                "target"
            ),
        ),
    ],
)
def test_one_mistake_one_message(here: Path, old: str, new: str, mistake: str) -> None:
    """Each kind of mistake: its file and line, what is wrong, what to write instead."""
    assert old in TOML
    assert f"drill.toml:{mistake}" in _mistakes(TOML.replace(old, new, 1))


def test_all_mistakes_come_at_once(here: Path) -> None:
    """Three mistakes, three messages, from the top down."""
    text = TOML.replace("sandbox", "prod").replace('wait = "5s"', "wait = 5").replace('"ehr-b"', "7")
    assert [mistake.split(": ")[0] for mistake in _mistakes(text)] == [
        "drill.toml:2", "drill.toml:16", "drill.toml:30",
    ]  # fmt: skip


def test_a_password_is_never_repeated(here: Path) -> None:
    """Messages end up in CI logs."""
    assert "secret" not in "".join(_mistakes(TOML.replace("drill@127", "drill:secret@127")))


def test_an_allowed_host_may_be_drilled(here: Path) -> None:
    """Consent is given by name, whatever its case."""
    text = LEAST.replace("NAME", "far").replace("ws://localhost", "ws://Voice.Example")
    Path("drill.toml").write_text(text.replace("[[", 'allow = ["Voice.example"]\n[[', 1))
    assert load_target(Path("drill.toml")).edge == "ws://Voice.Example/media"


@pytest.mark.parametrize(
    ("lines", "most"),
    [
        ("", (2000, 100.0)),
        ("max_calls = 200\n", (200, 100.0)),
        ("max_calls_per_s = 2.5\n", (2000, 2.5)),
    ],
)
def test_a_target_says_how_much_it_may_be_called(here: Path, lines: str, most: tuple[int, float]) -> None:
    """Or the built-in most holds."""
    Path("drill.toml").write_text(
        LEAST.replace("NAME", "small").replace("[[", f'{lines}allow = ["EHR.example"]\n[[', 1)
    )
    target = load_target(Path("drill.toml"))
    assert (target.max_calls, target.max_calls_per_s, target.allow) == (*most, ("ehr.example",))


@pytest.mark.parametrize("line", ["max_calls = 0", "max_calls = 1.5", 'max_calls_per_s = "10/s"'])
def test_a_most_that_is_no_number_is_refused(here: Path, line: str) -> None:
    """With its line."""
    (mistake,) = _mistakes(LEAST.replace("NAME", "small").replace("[[", f"{line}\n[[", 1))
    assert mistake.startswith(f"drill.toml:4: target.small.{line.split()[0]}: ")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[target]\n"])
def test_a_file_without_targets(here: Path, text: str) -> None:
    """An empty file is not an empty platform."""
    (mistake,) = _mistakes(text)
    assert mistake.startswith("drill.toml:1: ")
    assert mistake.endswith(("write [target.NAME]", "write [target.NAME] and its keys"))


def test_a_name_has_to_be_there(here: Path) -> None:
    """A wrong name is answered with the nearest."""
    assert _mistakes(TOML, "mime") == ["drill.toml: has no target 'mime'; did you mean 'mine'?"]


def test_among_several_one_has_to_be_said(here: Path) -> None:
    """Which platform gets hurt is never guessed."""
    text = LEAST.replace("NAME", "one") + LEAST.replace("NAME", "two")
    assert _mistakes(text) == ["drill.toml: names 2 targets (one, two); say which with --target"]
    assert load_target(Path("drill.toml"), "two").name == "two"


def test_a_file_that_is_not_text(here: Path) -> None:
    """Bytes that are no UTF-8 are named with their line."""
    Path("drill.toml").write_bytes(b"a = 1\n\xff")
    with pytest.raises(DefinitionError, match=r"^drill.toml:2: is not UTF-8 text; save the file as UTF-8$"):
        load_target(Path("drill.toml"))


def _written(path: str, name: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(LEAST.replace("NAME", name))
    return file


def test_the_search_goes_file_then_environment_then_usual_places(here: Path) -> None:
    """What is said most explicitly wins."""
    _written(".drill/sandbox-0/target.toml", "sandbox")
    assert find_target(None, Path(), environ={}).name == "sandbox"
    _written("drill.toml", "mine")
    assert find_target(None, Path(), environ={}).name == "mine"
    environ = {"DRILL_TARGET": str(_written("env.toml", "env"))}
    assert find_target(None, Path(), environ=environ).name == "env"
    assert find_target(None, Path(), file=_written("said.toml", "said"), environ=environ).name == "said"


def test_a_name_is_looked_for_in_both_usual_places(here: Path) -> None:
    """`--target sandbox` finds the sandbox although a drill.toml is there."""
    _written(".drill/sandbox-0/target.toml", "sandbox")
    _written("drill.toml", "mine")
    assert find_target("sandbox", Path(), environ={}).name == "sandbox"
    assert find_target("mine", Path(), environ={}).name == "mine"


def test_an_explicit_file_that_is_not_there_is_an_error(here: Path) -> None:
    """A typo in --target-file must not fall back to some other platform."""
    _written("drill.toml", "mine")
    with pytest.raises(DefinitionError, match=r"^gone.toml: cannot be read: No such file or directory; name"):
        find_target(None, Path(), file=Path("gone.toml"), environ={})


def test_no_target_at_all(here: Path) -> None:
    """Both ways to get one are named."""
    with pytest.raises(DefinitionError) as error:
        find_target(None, Path(), environ={})
    assert error.value.mistakes == (
        (
            "no target: neither drill.toml nor .drill/sandbox-0/target.toml is in .; start the sandbox with "
            "`drill sandbox up`, or write a drill.toml with `drill init DIR`"
        ),
    )


# --- zones that can be taken ------------------------------------------------------------------------


def test_a_target_with_zones_to_take_is_read(here: Path) -> None:
    """Controls, capacities, members and wires; roots of APIs lose their last slash."""
    Path("drill.toml").write_text(ZONED)
    target = load_target(Path("drill.toml"))
    assert (target.control, target.edge_admin) == ("http://127.20.0.9:8475", "http://127.20.0.1:9901")
    assert [zone.capacity for zone in target.zones] == [0, 40]
    assert target.store is not None
    assert target.store.members == (
        Member("a", "http://127.20.1.1:18008"), Member("b", "http://127.20.2.1:18008"),
    )  # fmt: skip
    assert target.store.dsn.endswith("127.20.1.1:15432,127.20.2.1:15432/voice?target_session_attrs=primary")
    assert target.wires == (
        Wire("voice", "edge", "a", "voice-edge-a", "http://127.20.0.8:8474"),
        Wire("wal", "b", "a", "wal-b-a", "http://127.20.0.8:8474"),
    )


def line(text: str) -> int:
    """Where a text stands in ZONED for the last time."""
    return ZONED[: ZONED.rindex(text)].count("\n") + 1


WAL, MEMBER_B, DSN = line('carries = "wal"'), line('zone = "b"'), line("dsn = ")
SECRET = "the address of 127.20.1.1 carries a password; keep it in a file of its own"


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('carries = "wal"', 'carries = "wall"', WAL, "'wall' is not a known load of a wire; write"),
        ('source = "b"', 'source = "z"', WAL + 1, "source 'z' is not a zone of this target"),
        ('source = "b"', 'source = "a"', WAL + 1, "the wire leads from zone 'a' to itself; write two ends"),
        ('zone = "a"\nproxy = "wal', 'zone = "z"\nproxy = "wal', WAL + 2, "zone 'z' is not a zone of this"),
        ('carries = "wal"\nsource = "b"', 'carries = "voice"\nsource = "edge"', WAL,
         f"a voice wire from 'edge' to 'a' is there already, in line {WAL - 6}; keep one of them"),
        ('proxy = "wal-b-a"', 'proxy = "ehr-a"', WAL + 3, "proxy 'ehr-a' is the way of line 29 already"),
        ('zone = "b"\nstatus', 'zone = "a"\nstatus', MEMBER_B, "member of zone 'a' is there already"),
        ('zone = "b"\nstatus', 'zone = "z"\nstatus', MEMBER_B, "zone 'z' is not a zone of this target"),
        ("capacity = 40", "capacity = 0", 13, "0 is not a count of at least one; write a whole"),
        ('name = "a"', 'name = "primary"', 8, "a zone cannot be called 'primary', which is a role; write"),
        ("http://127.20.0.9", "http://10.0.0.9", 5, "control: 10.0.0.9 is outside this machine, and a drill"),
        ('wal-b-a"\napi = "http://127', 'wal-b-a"\napi = "http://10', WAL + 4, "api: 10.20.0.8 is outside"),
        ("127.20.2.1:15432/", "127.20.2.1:0/", DSN, "names no usable host; write postgresql://user@host:port"),
        ("127.20.2.1:15432/", "127.20.2.1:99999/", DSN, "the address has a host or port that cannot be"),
        ("voice?", "voice?password=hunter2&", DSN, SECRET),
        ("drill@127", "drill:hunter2@127", DSN, SECRET),
    ],
)  # fmt: skip
def test_one_mistake_about_zones_one_message(here: Path, old: str, new: str, at: int, said: str) -> None:
    """What cannot be is named with its line, and no password is repeated."""
    assert ZONED.count(old) == 1
    found = _mistakes(ZONED.replace(old, new))
    assert [each for each in found if each.startswith(f"drill.toml:{at}: ") and said in each]
    assert "hunter2" not in "".join(found)


def test_all_mistakes_about_zones_come_at_once(here: Path) -> None:
    """Three, from the top down."""
    text = ZONED.replace('source = "b"', 'source = "z"').replace('zone = "b"\nstatus', 'zone = "y"\nstatus')
    found = _mistakes(text.replace("http://127.20.0.9", "http://10.0.0.9"))
    places = (5, MEMBER_B, WAL + 1)
    assert [mistake.split(": ")[0] for mistake in found] == [f"drill.toml:{place}" for place in places]


BACKUPS = (
    TOML
    + """\
[target.mine.backups]
kind = "barman-cloud"
location = "s3://bucket/server"
endpoint = "http://127.20.0.10:9000/"
credentials = "keys"
source = "postgresql://reader@127.20.1.1:15432/voice"
passfile = "pgpass-reader"
every = "10s"
keep = 3
held = "held"
first_call = ["first-call", "--dsn={dsn}"]
[target.mine.backups.replica]
location = "s3://other/server"
endpoint = "http://127.20.0.11:9000"
credentials = "keys"
[target.mine.backups.protected]
location = "s3://bucket/canaries"
endpoint = "http://127.20.0.14:9000"
credentials = "keys"
[target.mine.backups.erasures]
register = "erased"
columns = ["outbox.patient", "ehr.turn.patient"]
"""
)


def test_backups_are_read_with_their_files_beside_the_target(tmp_path: Path) -> None:
    file = tmp_path / "drill.toml"
    file.write_text(BACKUPS)
    keys = tmp_path / "keys"
    assert load_target(file).backups == Backups(
        "barman-cloud", Region("s3://bucket/server", "http://127.20.0.10:9000", keys),
        "postgresql://reader@127.20.1.1:15432/voice", tmp_path / "pgpass-reader", None, 10.0, 3,
        Region("s3://other/server", "http://127.20.0.11:9000", keys),
        erasures=Erasures(tmp_path / "erased", (("public", "outbox", "patient"), ("ehr", "turn", "patient"))),
        first_call=("first-call", "--dsn={dsn}"), held=tmp_path / "held",
        protected=Region("s3://bucket/canaries", "http://127.20.0.14:9000", keys),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('"s3://bucket/server"', '"/srv/backups"', "s3://BUCKET/SERVER"),
        ('endpoint = "http://127.20.0.11:9000"\n', "", "need the key 'endpoint'"),
        ("127.20.0.10:9000", "s3.example:9000", "outside this machine"),
        ("keep = 3", "keep = 0", "keep"),
        ('"outbox.patient"', '"patient"', "SCHEMA.TABLE.COLUMN"),
        ('"--dsn={dsn}"', '"--dsn=copy"', "has to hold {dsn}"),
        ('"s3://bucket/canaries"', '"s3://bucket"', "s3://BUCKET/PREFIX"),
        ('"s3://bucket/canaries"', '"/srv/canaries"', "s3://BUCKET/PREFIX"),
        ('"s3://bucket/canaries"', '"s3://bucket/server/canaries/"', "is not apart from the backups"),
        ('"s3://bucket/canaries"', '"s3://other/server"', "is not apart from the backups"),
        ('"s3://bucket/server"', '"s3://bucket/canaries/server"', "is not apart from the backups"),
        ("127.20.0.14:9000", "s3.example:9000", "outside this machine"),
        ('["outbox.patient", "ehr.turn.patient"]', "[]", "columns"),
    ],
)
def test_backups_that_cannot_be_are_refused(tmp_path: Path, was: str, now: str, said: str) -> None:
    file = tmp_path / "drill.toml"
    file.write_text(BACKUPS.replace(was, now))
    with pytest.raises(DefinitionError, match=said):
        load_target(file)
