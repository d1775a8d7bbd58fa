"""Every byte of a small bundle altered, deleted, doubled; a thousand bundles of noise.

Two verifiers that share no code look at each: they must name the same link, and it must be the right one.
"""

import base64
import contextlib
import io
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drill.evidence import container, verify_alone
from drill.evidence.bundle import Reader
from drill.evidence.keys import TrustedKey, read_public
from drill.evidence.sealing import countersign, seal
from drill.evidence.verify import Trust, verify_file
from drill.model.verdicts import Status
from drill.quarter.population import population
from histories import RECOVERY
from histories import plan as a_plan
from sealed import BEGAN, LATER, signing, stored


class Sealed:
    """A small bundle with two seals, and what two verifiers say of it."""

    def __init__(self, folder: Path) -> None:
        asked = dict.fromkeys(("breaker", "calls", "ehr_writes", "turns"))
        run = stored(folder / "runs", plan=a_plan(recovery=RECOVERY, **asked))
        self.path = seal(run, signing(folder / "operator"), folder / "b.evidence.tar")
        countersign(self.path, signing(folder / "reviewer", BEGAN + 2 * LATER))
        self.data = self.path.read_bytes()
        keys = [read_public(folder / f"{name}.pub") for name in ("operator", "reviewer")]
        self.trust = Trust(tuple(TrustedKey(key) for key in keys))
        self.ids = {key.keyid for key in keys}
        self.members = Reader(io.BytesIO(self.data), self.path).members

    def named(self, data: bytes) -> str:
        """The broken link, "" for none."""
        found = verify_file(io.BytesIO(data), self.path, self.trust)
        return found.broken.name if found.broken else ""

    def named_alone(self, data: bytes) -> str:
        """The same by the verifier that stands alone."""
        try:
            verify_alone.check(data, self.ids, 0)
        except verify_alone.Broken as error:
            return str(error.args[0])
        return ""

    def altered(self, at: int) -> bytes:
        """One bit of one byte turned; which bit depends on the place."""
        return self.data[:at] + bytes([self.data[at] ^ (1 << at % 8)]) + self.data[at + 1 :]

    def due(self, at: int) -> str:
        """The link that an altered byte breaks: by what the byte is of."""
        for member in self.members.values():
            if member.offset <= at < member.offset + member.size:
                return "seal" if member.name.startswith("seals/") else "content"
        return "container"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return Sealed(tmp_path_factory.mktemp("tamper"))


def test_the_bundle_is_well_before_it_is_hurt(sealed: Sealed) -> None:
    assert (sealed.named(sealed.data), sealed.named_alone(sealed.data)) == ("", "")


HURT: dict[str, Callable[[Sealed, int], bytes]] = {
    "altered": lambda sealed, at: sealed.altered(at),
    "deleted": lambda sealed, at: sealed.data[:at] + sealed.data[at + 1 :],
    "doubled": lambda sealed, at: sealed.data[: at + 1] + sealed.data[at:],
}


@pytest.mark.parametrize("what", HURT)
def test_every_byte_that_is_hurt_is_named_by_both_verifiers(sealed: Sealed, what: str) -> None:
    """Each byte in turn. What moves the bytes behind it is seen at the next header, or at the end."""
    wrong = []
    for at in range(len(sealed.data)):
        due = sealed.due(at) if what == "altered" else "container"
        data = HURT[what](sealed, at)
        if (sealed.named(data), sealed.named_alone(data)) != (due, due):
            wrong.append(at)
    assert wrong == []


def test_a_bundle_cut_off_anywhere_is_named(sealed: Sealed) -> None:
    for at in range(0, len(sealed.data), 29):
        data = sealed.data[:at]
        assert (sealed.named(data), sealed.named_alone(data)) == ("container", "container"), at


# --- noise ---


def _noise(dice: random.Random, sealed: Sealed) -> bytes:
    """Anything that might be handed to a verifier."""
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: dice.randbytes(dice.randrange(4096)),
        lambda: _pieces(dice, sealed.data),
        lambda: _flipped(dice, sealed.data),
        lambda: _refilled(dice, sealed),
        lambda: b"".join(_hostile(dice)) + bytes(1024),
    )
    return dice.choice(kinds)()


def _pieces(dice: random.Random, data: bytes) -> bytes:
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    dice.shuffle(blocks)
    return b"".join(blocks[: dice.randrange(len(blocks))])


def _flipped(dice: random.Random, data: bytes) -> bytes:
    hurt = bytearray(data)
    for _ in range(dice.randrange(1, 50)):
        hurt[dice.randrange(len(hurt))] = dice.randrange(256)
    return bytes(hurt)


JSON = (
    b"{}", b"[]", b"null", b"1e999", b"[" * 100_000, b'{"a":' * 50_000, b'"\\ud800"', b"NaN", b"-0",
    b"\xff\xfe",
    b'{"payload":1,"payloadType":2,"signatures":3}', b'{"payload":"","payloadType":"","signatures":[]}',
    b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":"A="}]}',
    b"9" * 5000, b'{"a":1,"a":2}',
)  # fmt: skip


def _refilled(dice: random.Random, sealed: Sealed) -> bytes:
    """A container in order, with members that are not."""
    reader = Reader(io.BytesIO(sealed.data), sealed.path)
    members = {name: reader.document(name) for name in reader.members}
    for name in dice.sample(sorted(members), dice.randrange(1, 4)):
        members[name] = dice.choice((dice.choice(JSON), dice.randbytes(200), b"", members[name][:-1]))
    return _packed(members)


def _packed(members: dict[str, bytes]) -> bytes:
    return b"".join(
        container.header(name, len(data)) + data + bytes(-len(data) % 512)
        for name, data in sorted(members.items())
    ) + bytes(1024)


def _hostile(dice: random.Random) -> Iterator[bytes]:
    """Headers as other tar writers make them: paths that leave, links, devices, sizes that lie."""
    for _ in range(dice.randrange(1, 6)):
        name = dice.choice(
            (
                b"../../tmp/x",
                b"/etc/passwd",
                b"plan.json",
                b"seals/../x",
                b"a" * 100,
                b"\0",
                b"journal/x.jsonl",
            )
        )
        block = bytearray(512)
        block[: len(name)] = name
        block[100:108], block[124:136] = (
            b"0000777\0",
            dice.choice((b"77777777777\0", b"00000000012\0", b"-0000000001\0")),
        )
        block[156:157] = dice.choice((b"0", b"1", b"2", b"3", b"5", b"x", b"L"))
        block[157:163], block[257:265], block[148:156] = b"/etc/x", b"ustar\x0000", b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        yield bytes(block) + dice.randbytes(512)


class Writes:
    """Every file that this process opens for writing, makes or moves while `on`."""

    MADE = ("os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.truncate", "os.mkfifo")

    def __init__(self) -> None:
        self.on, self.seen = False, list[str]()
        sys.addaudithook(self)

    def __call__(self, event: str, told: tuple[object, ...]) -> None:
        """What Python tells of itself."""
        if self.on and (event in self.MADE or (event == "open" and int(str(told[2])) & ~READING)):
            self.seen.append(f"{event} {told[0]}")

    @contextlib.contextmanager
    def none(self) -> Iterator[None]:
        """Nothing of that may happen in here."""
        self.on = True
        try:
            yield
        finally:
            self.on = False
        assert self.seen == []


READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_DIRECTORY | os.O_NOFOLLOW
WITHIN_S = 10.0  # a thousandth of it is usual


@pytest.fixture(scope="module")
def writes() -> Writes:
    """One for all: such a hook is never taken out again."""
    return Writes()


def test_a_file_that_is_written_would_be_seen(writes: Writes, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"open .*/x"), writes.none():
        (tmp_path / "x").write_text("")
    writes.seen.clear()


def test_a_thousand_bundles_of_noise_end_in_a_named_link_and_nothing_else(
    sealed: Sealed, writes: Writes
) -> None:
    """No exception, no file, no waiting, no memory to speak of; whatever the noise says of its size."""
    dice, before = random.Random(20261125), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(1000):
        data, began_s = _noise(dice, sealed), time.monotonic()
        with writes.none():
            found = verify_file(io.BytesIO(data), sealed.path, sealed.trust)
            alone = sealed.named_alone(data)
        assert found.status is Status.FAIL, number
        assert found.broken and len(found.broken.sentence) < 2000
        assert alone == found.broken.name, number
        assert time.monotonic() - began_s < WITHIN_S, number
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_a_quarters_report_reads_a_thousand_bundles_of_noise_and_none_passes(
    sealed: Sealed, writes: Writes, tmp_path: Path
) -> None:
    """A report believes no seal: what noise left whole it judges, and that passes nothing."""
    bundle = tmp_path / "ehr-outage" / "20261125T000000Z-aaaaaa.evidence.tar"
    bundle.parent.mkdir()
    dice = random.Random(20261126)
    for number in range(1000):
        bundle.write_bytes(_noise(dice, sealed))
        began_s = time.monotonic()
        with writes.none():
            (found,) = population(tmp_path)
        assert found.status is not Status.PASS, number
        assert time.monotonic() - began_s < WITHIN_S, number


def test_a_key_of_a_kind_that_nobody_knows_breaks_the_seal(sealed: Sealed) -> None:
    """Its algorithm has a number that no library has heard of; that is no reason to fall over."""
    der = bytes.fromhex("3019300d06092a864886f70d01017f0500") + bytes.fromhex("030800") + b"1234567"
    pem = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
    members = {name: Reader(io.BytesIO(sealed.data), sealed.path).document(name) for name in sealed.members}
    envelope = json.loads(members["seals/operator.json"])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["signer"]["public_key"] = pem
    envelope["payload"] = base64.b64encode(verify_alone.canonical(statement)).decode()
    members["seals/operator.json"] = verify_alone.canonical(envelope)
    data = _packed(members)
    assert (sealed.named(data), sealed.named_alone(data)) == ("seal", "seal")


def test_the_command_says_so_without_a_traceback(sealed: Sealed, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from drill.cli.main import cli

    dice, key = random.Random(7), sealed.path.parent / "operator.pub"
    for number in range(25):
        (tmp_path / "noise.evidence.tar").write_bytes(_noise(dice, sealed))
        done = CliRunner().invoke(cli, ["verify", str(tmp_path / "noise.evidence.tar"), "--key", str(key)])
        assert done.exit_code == 1, number
        assert isinstance(done.exception, SystemExit)
        assert "BROKEN at " in done.output
