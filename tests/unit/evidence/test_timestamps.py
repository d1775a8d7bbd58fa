"""Time stamps by an authority of one's own: OpenSSL behind a loopback address."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from drill.evidence import timestamps
from drill.evidence.keys import TrustedKey, read_public
from drill.evidence.sealing import countersign, seal
from drill.evidence.verify import Trust, verify
from drill.model.errors import DefinitionError, WorldError
from drill.model.verdicts import Status
from sealed import signing, stored

CONFIG = """[tsa]
serial=serial
default_policy=1.2.3.4.1
digests=sha256
signer_digest=sha256
ess_cert_id_alg=sha256
"""
EXTENSIONS = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(home: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=home, check=True, capture_output=True, timeout=30)


def make_authority(home: Path) -> None:
    (home / "ts.cnf").write_text(CONFIG)
    (home / "ext.cnf").write_text(EXTENSIONS)
    (home / "serial").write_text("01\n")
    openssl(home, "req", "-x509", *NEW_KEY, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root")
    openssl(home, "req", *NEW_KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa")
    openssl(
        home, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
        "-extfile", "ext.cnf", "-out", "tsa.pem",
    )  # fmt: skip


class Authority(http.server.BaseHTTPRequestHandler):
    """Answers each request with OpenSSL's time stamp, or with `answer` where a test sets one."""

    home: Path
    answer: bytes = b""

    def do_POST(self) -> None:
        (self.home / "asked").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        openssl(
            self.home, "ts", "-reply", "-queryfile", "asked", "-config", "ts.cnf", "-section", "tsa",
            "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "told",
        )  # fmt: skip
        told = self.answer or (self.home / "told").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tsa")
    make_authority(folder)
    return folder


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    Authority.home = home
    with http.server.HTTPServer(("127.0.0.1", 0), Authority) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def stamped(folder: Path, url: str, began: datetime) -> Path:
    """A run whose record and whose two seals carry time stamps."""
    run = stored(folder / "runs", began=began)
    (run / "run.tsr").write_bytes(timestamps.ask(url, (run / "run.json").read_bytes()))
    for role, at in (
        ("operator", began + timedelta(seconds=30)),
        ("reviewer", began + timedelta(seconds=40)),
    ):
        who = signing(folder / role, at)
        who = type(who)(who.who, who.key, who.now, partial(timestamps.ask, url))
        if role == "operator":
            bundle = seal(run, who, folder / "b.evidence.tar")
        else:
            countersign(bundle, who)
    return bundle


def trust(folder: Path, root: Path | None) -> Trust:
    keys = tuple(TrustedKey(read_public(folder / f"{role}.pub")) for role in ("operator", "reviewer"))
    return Trust(keys, roots=timestamps.read_roots(root) if root else ())


def test_the_plan_was_there_before_the_platform_was_touched(home: Path, url: str, tmp_path: Path) -> None:
    bundle = stamped(tmp_path, url, datetime.now(UTC) + timedelta(seconds=5))
    found = verify(bundle, trust(tmp_path, home / "root.pem"))
    told = [link for link in found.links if link.name == "timestamp"]
    assert (found.status, [link.status for link in told]) == (Status.PASS, [Status.PASS] * 3)
    assert told[0].sentence.endswith("before the platform was touched")


def test_without_a_root_it_is_said_that_nobody_looked(url: str, tmp_path: Path) -> None:
    bundle = stamped(tmp_path, url, datetime.now(UTC) + timedelta(seconds=5))
    told = [link for link in verify(bundle, trust(tmp_path, None)).links if link.name == "timestamp"]
    assert [link.status for link in told] == [Status.UNKNOWN] * 3


def test_another_root_does_not_stand_behind_it(url: str, tmp_path: Path) -> None:
    bundle = stamped(tmp_path, url, datetime.now(UTC) + timedelta(seconds=5))
    (tmp_path / "other").mkdir()
    make_authority(tmp_path / "other")
    assert verify(bundle, trust(tmp_path, tmp_path / "other" / "root.pem")).broken.name == "timestamp"


def test_a_plan_stamped_after_the_fault_is_named(home: Path, url: str, tmp_path: Path) -> None:
    """The clocks agree well enough; it is the order that is wrong."""
    bundle = stamped(tmp_path, url, datetime.now(UTC) - timedelta(seconds=60))
    broken = verify(bundle, trust(tmp_path, home / "root.pem")).broken
    assert (broken.name, "after the platform was touched" in broken.sentence) == ("timestamp", True)


def test_a_host_whose_clock_was_set_back_is_named(home: Path, url: str, tmp_path: Path) -> None:
    bundle = stamped(tmp_path, url, datetime.now(UTC) - timedelta(days=30))
    broken = verify(bundle, trust(tmp_path, home / "root.pem")).broken
    assert (broken.name, "the host said" in broken.sentence) == ("clock", True)


def test_a_token_changed_anywhere_tells_no_other_time(home: Path, url: str) -> None:
    roots, message = timestamps.read_roots(home / "root.pem"), b"what was sealed"
    token = timestamps.ask(url, message)
    right = timestamps.check(token, message, roots, "t")
    for at in range(len(token)):
        hurt = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            assert timestamps.check(hurt, message, roots, "t") == right, at
        except timestamps.JournalError:
            continue


def test_an_answer_to_another_question_is_not_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authority, "answer", timestamps.ask(url, b"something else"))
    with pytest.raises(WorldError, match="answered something else"):
        timestamps.ask(url, b"this")


def test_noise_for_an_answer_is_the_authoritys_fault(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Authority, "answer", b"hello")
    with pytest.raises(WorldError, match="gave no time stamp"):
        timestamps.ask(url, b"this")


def test_nobody_there_is_the_authoritys_fault() -> None:
    with pytest.raises(WorldError, match="gave no time stamp"):
        timestamps.ask("http://127.0.0.1:1/", b"this")


def test_an_authority_is_reached_by_http_only() -> None:
    with pytest.raises(DefinitionError, match="http or https"):
        timestamps.ask("file:///etc/passwd", b"this")
