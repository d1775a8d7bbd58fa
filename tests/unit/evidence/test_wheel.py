"""What a stranger has a year later: the wheel, a bundle, the keys. No checkout and no network."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from drill.evidence.sealing import countersign, seal
from sealed import BEGAN, LATER, signing, stored

ROOT = Path(__file__).parents[3]
CUT_OFF = ("unshare", "--map-root-user", "--net")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run sealed by two; their public keys lie beside it."""
    home = tmp_path_factory.mktemp("stranger")
    made = seal(stored(home / "runs"), signing(home / "operator"), home / "b.evidence.tar")
    countersign(made, signing(home / "reviewer", BEGAN + 2 * LATER))
    shutil.rmtree(home / "runs")
    return made


def cut_off(package: Path, bundle: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Python with the wheel alone in front of its libraries, in a net that has no way out."""
    if shutil.which(CUT_OFF[0]) is None or subprocess.run([*CUT_OFF, "true"], check=False).returncode:
        pytest.skip("NOT TESTED: no net without a way out can be made here (unshare --map-root-user --net)")
    argv = [*CUT_OFF, sys.executable, *map(str, arguments)]
    known = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(
        argv, cwd=bundle.parent, env=known, capture_output=True, text=True, timeout=120, check=False
    )


def keys(bundle: Path) -> list[str | Path]:
    return ["--key", bundle.parent / "operator.pub", "--key", bundle.parent / "reviewer.pub"]


def test_what_is_tried_here_is_the_wheel_and_there_is_no_way_out(package: Path, bundle: Path) -> None:
    look = "import drill, socket; print(drill.__file__, *(name for _, name in socket.if_nameindex()))"
    assert cut_off(package, bundle, "-c", look).stdout.split() == [str(package / "drill/__init__.py"), "lo"]


def test_the_wheel_verifies_and_judges_again(package: Path, bundle: Path) -> None:
    done = cut_off(package, bundle, "-m", "drill", "verify", bundle, *keys(bundle))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"VERIFIED: {bundle}"), done.stderr
    assert "judged again by drill" in done.stdout


def test_the_wheel_names_the_broken_link(package: Path, bundle: Path) -> None:
    altered = bundle.with_name("altered.evidence.tar")
    altered.write_bytes(bundle.read_bytes().replace(b"ehr-blackholed", b"ehr-unharmed--"))
    done = cut_off(package, bundle, "-m", "drill", "verify", altered, *keys(bundle))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"BROKEN at content: {altered}")


def test_the_verifier_in_the_wheel_stands_alone(package: Path, bundle: Path) -> None:
    """Python's isolated mode does not even see the wheel that it was taken from."""
    script = package / "drill" / "evidence" / "verify_alone.py"
    done = cut_off(package, bundle, "-I", script, bundle, *keys(bundle))
    told = (0, f"{bundle}: VERIFIED: run 1 of target sandbox\n")
    assert (done.returncode, done.stdout) == told, done.stderr
