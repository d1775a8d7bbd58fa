"""keygen, seal, sign, verify as somebody types them."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drill.cli.main import cli
from drill.evidence import keys, verify_alone
from drill.model.errors import DefinitionError
from sealed import stored


def drill(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("operator", "reviewer"):
        assert drill("keygen", tmp_path / name).exit_code == 0
    run = stored(tmp_path / "runs")
    done = drill("seal", run, "--key", tmp_path / "operator.key", "-o", tmp_path / "b.evidence.tar")
    assert done.exit_code == 0, done.output
    return tmp_path


def test_a_private_key_is_for_its_owner_alone_and_never_overwritten(home: Path) -> None:
    assert stat.S_IMODE((home / "operator.key").stat().st_mode) == 0o600
    with pytest.raises(DefinitionError, match="never overwritten"):
        keys.keygen(home / "operator")


def test_a_private_key_that_others_may_read_is_not_used(home: Path) -> None:
    (home / "operator.key").chmod(0o640)
    with pytest.raises(DefinitionError, match="chmod 600"):
        keys.signer(str(home / "operator.key"))


def test_a_private_key_is_not_taken_for_a_public_one(home: Path) -> None:
    with pytest.raises(DefinitionError, match="is a private key"):
        keys.read_public(home / "operator.key")


def test_a_key_held_elsewhere_signs_through_its_own_signer(home: Path) -> None:
    """The library's own scheme for a file stands for a cloud's here: the same way in."""
    where = f"file2:{home / 'operator.key'}"
    who, key = keys.signer(where, home / "operator.pub")
    assert (who.public_key.keyid, key) == (key.keyid, keys.read_public(home / "operator.pub"))
    with pytest.raises(DefinitionError, match="needs --public"):
        keys.signer(where)


def test_sealed_signed_and_verified(home: Path) -> None:
    bundle = home / "b.evidence.tar"
    assert drill("sign", bundle, "--key", home / "reviewer.key").exit_code == 0
    done = drill(
        "verify", bundle, "--key", home / "operator.pub", "--key", home / "reviewer.pub", "--threshold", 2
    )
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"VERIFIED: {bundle}")


def test_the_machine_readable_result_names_the_broken_link(home: Path) -> None:
    bundle = home / "b.evidence.tar"
    bundle.write_bytes(bundle.read_bytes().replace(b"ehr-blackholed", b"ehr-unharmed--"))
    done = drill("verify", bundle, "--key", home / "operator.pub", "--json")
    (told,) = json.loads(done.output)["bundles"]
    assert (done.exit_code, told["broken"], told["result"]) == (1, "content", "BROKEN")
    assert "faults.jsonl:2: does not follow" in told["links"][-1]["sentence"]


def test_a_folder_of_bundles_is_checked_for_gaps(home: Path) -> None:
    stored(home / "runs", number=2)
    third = stored(home / "runs", number=3)
    assert drill("seal", third, "--key", home / "operator.key", "-o", home / "c.evidence.tar").exit_code == 0
    done = drill("verify", home, "--key", home / "operator.pub")
    assert done.exit_code == 1
    assert "no bundle of run 2 (" in done.output


def test_the_verifier_that_stands_alone_runs_without_the_package(home: Path) -> None:
    script = Path(verify_alone.__file__)
    assert "import drill" not in script.read_text() and "from drill" not in script.read_text()
    argv = [
        sys.executable,
        "-I",
        str(script),
        str(home / "b.evidence.tar"),
        "--key",
        str(home / "operator.pub"),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "VERIFIED: run 1 of target sandbox" in done.stdout) == (0, True)


def test_a_bundle_is_not_overwritten(home: Path) -> None:
    (run,) = (home / "runs" / "ehr-outage").iterdir()
    done = drill("seal", run, "--key", home / "operator.key", "-o", home / "b.evidence.tar")
    assert isinstance(done.exception, DefinitionError)
