"""Every byte of a small bundle altered, deleted, doubled; a thousand bundles of noise.

Two verifiers that share no code look at each: they must name the same link, and it must be the right one.
"""

import io
import random
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drill.evidence import Trust, TrustedKey, container, countersign, read_public, seal, verify_alone
from drill.evidence.bundle import Reader
from drill.evidence.verify import verify_file
from drill.model.verdicts import Status
from histories import RECOVERY
from histories import plan as a_plan
from sealed import BEGAN, LATER, signing, stored

# Deleting or doubling a byte moves all bytes behind it, and is seen at the next header: one in so many is
# tried here, each one in `make bench`. An altered byte moves nothing, so each is tried here too.
EVERY = 29


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


def test_every_altered_byte_is_named(sealed: Sealed) -> None:
    wrong = [at for at in range(len(sealed.data)) if sealed.named(sealed.altered(at)) != sealed.due(at)]
    assert wrong == []


def test_both_verifiers_name_the_same_link_of_every_altered_byte(sealed: Sealed) -> None:
    places = range(0, len(sealed.data), 3)
    assert [at for at in places if sealed.named_alone(sealed.altered(at)) != sealed.due(at)] == []


@pytest.mark.parametrize("what", ["deleted", "doubled"])
def test_a_byte_that_is_gone_or_there_twice_is_named(sealed: Sealed, what: str) -> None:
    keep = 1 if what == "deleted" else 0
    for at in range(0, len(sealed.data), EVERY):
        data = sealed.data[:at] + sealed.data[at + 1 :] if keep else sealed.data[: at + 1] + sealed.data[at:]
        assert (sealed.named(data), sealed.named_alone(data)) == ("container", "container"), at


def test_a_bundle_cut_off_anywhere_is_named(sealed: Sealed) -> None:
    for at in range(0, len(sealed.data), EVERY):
        assert (sealed.named(sealed.data[:at]), sealed.named_alone(sealed.data[:at])) == ("container",) * 2, (
            at
        )


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


def test_a_thousand_bundles_of_noise_end_in_a_named_link_and_nothing_else(
    sealed: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No exception, no file, no memory to speak of; whatever the noise says of its size."""
    monkeypatch.chdir(tmp_path)
    dice, before = random.Random(20261125), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(1000):
        data = _noise(dice, sealed)
        found = verify_file(io.BytesIO(data), sealed.path, sealed.trust)
        assert found.status is Status.FAIL, number
        assert found.broken and len(found.broken.sentence) < 2000
    assert list(tmp_path.iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


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
