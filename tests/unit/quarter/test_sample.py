"""The committed sample of a quarter: rendered again from its runs, byte for byte."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from datetime import date
from pathlib import Path

import pytest

from drill.evidence import verify_alone
from drill.evidence.keys import TrustedKey, read_public
from drill.evidence.seals import ROLES
from drill.evidence.sequence import Wanted, sequence
from drill.evidence.verify import Trust, verify, verify_file
from drill.model.verdicts import Status
from drill.quarter.calendar import Quarter
from drill.quarter.findings import Standing
from drill.quarter.oscal_links import dangling
from drill.quarter.trial import State
from drill.quarter.values import QuarterView
from drill.quarter.write import Asked, read_quarter, write_quarter
from unit.quarter.test_oscal import refused_by_trestle
from unit.quarter.test_quarter_pdf import inflated, pages_of

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "reports" / "sample"
RENDERED = SAMPLE / "2026Q4"
AGAIN = "what judges or renders has changed: look at it, run `make sample`, and commit what it wrote"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's runs, unpacked."""
    folder = tmp_path_factory.mktemp("sample")
    with tarfile.open(SAMPLE / "runs.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "runs"


@pytest.fixture(scope="module")
def view(runs: Path) -> QuarterView:
    """The sample's runs, judged again."""
    return read_quarter(Asked(Quarter(2026, 4), date(2026, 11, 25), runs, SAMPLE / "drills", None))


def test_its_bundles_verify_and_none_is_missing(view: QuarterView, runs: Path) -> None:
    """Real runs, sealed by two: the program judges them again, the verifier that stands alone agrees."""
    bundles = sorted(runs.rglob("*.evidence.tar"))
    assert len(bundles) == len(view.trials)
    keys = [read_public(SAMPLE / f"{role}.pub") for role in ROLES]
    trust = Trust(tuple(TrustedKey(key, role) for key, role in zip(keys, ROLES, strict=True)))
    found = [verify(path, trust) for path in bundles]
    assert [(each.path.name, each.broken) for each in found if each.broken] == []
    (link,) = sequence(found, Wanted(1, len(bundles)))
    assert link.status is Status.PASS, link.sentence
    given = [part for role in ROLES for part in ("--key", str(SAMPLE / f"{role}.pub"))]
    assert verify_alone.main([*map(str, bundles), *given]) == 0


def test_a_byte_of_a_real_journal_altered_is_named(runs: Path) -> None:
    """By its stream and line; and so is the run that was dropped."""
    bundles = sorted(runs.rglob("*.evidence.tar"))
    keys = tuple(TrustedKey(read_public(SAMPLE / f"{role}.pub")) for role in ROLES)
    data = bundles[0].read_bytes().replace(b'"turn.ended"', b'"turn.ender"', 1)
    found = verify_file(io.BytesIO(data), bundles[0], Trust(keys))
    assert found.broken and found.broken.name == "content"
    assert re.search(r"load\.jsonl:\d+: does not follow", found.broken.sentence)
    left = [verify(path, Trust(keys)) for path in bundles[1:]]
    assert "no bundle of run 2 (20261125T081043Z-12b699)" in sequence(left, Wanted(1, 8))[0].sentence


@pytest.mark.parametrize("form", ["html", "oscal", "junit", "csv", "md"])
def test_it_is_rendered_again_byte_for_byte(view: QuarterView, form: str, tmp_path: Path) -> None:
    """From journals, drill files and findings.yaml alone."""
    for path in write_quarter(view, tmp_path, [form]):
        assert path.read_bytes() == (RENDERED / path.name).read_bytes(), f"{path.name}: {AGAIN}"


def test_its_pdf_is_the_same_bytes_where_the_same_fonts_are(view: QuarterView, tmp_path: Path) -> None:
    """Elsewhere the letters are others, and only what does not hang on them is the same."""
    (path,) = write_quarter(view, tmp_path, ["pdf"])
    made = path.read_bytes()
    assert made.startswith(b"%PDF-1.7")
    sys.path.insert(0, str(ROOT / "scripts"))
    from pdf_toolchain import fingerprint

    if fingerprint() != (SAMPLE / "toolchain.txt").read_text(encoding="ascii").strip():
        pytest.skip("other fonts, Pango or WeasyPrint than the committed PDF was made with")
    assert made == (RENDERED / "report.pdf").read_bytes(), f"report.pdf: {AGAIN}"


def test_it_holds_what_a_sample_has_to_show(view: QuarterView) -> None:
    """Real runs of two drills, a failure that a retest closed, one that is open, a sham and an abort."""
    real = [t for t in view.trials if t.real]
    assert {drill: sum(t.drill == drill for t in real) for drill in {t.drill for t in real}} == {
        "ehr-outage-short": 3, "ehr-errors-short": 4,
    }  # fmt: skip
    assert {t.state for t in view.trials} == {State.CONDUCTED, State.SHAM, State.ABORTED}
    assert {t.status for t in view.trials} == set(Status)
    standings = {f.standing for f in view.findings}
    assert Standing.CLOSED in standings
    assert Standing.OPEN in standings
    assert all(len(t.seals) == 2 and t.number for t in view.trials)


def _oscal() -> dict[str, str]:
    kinds = ("assessment-results", "plan-of-action-and-milestones")
    return {kind: (RENDERED / f"{kind}.json").read_text(encoding="utf-8") for kind in kinds}


def test_its_oscal_points_to_nothing_that_is_not_there_and_trestle_takes_it(tmp_path: Path) -> None:
    """By our own check and by trestle's, on what is committed."""
    assert [said for text in _oscal().values() for said in dangling(json.loads(text))] == []
    assert refused_by_trestle(_oscal(), tmp_path) == {}


def test_its_pdf_is_tagged_holds_the_oscal_and_begins_with_a_summary_of_one_page() -> None:
    """The committed one: in English, with its title shown, every place of the contents on some page."""
    made = (RENDERED / "report.pdf").read_bytes()
    inside = inflated(made)
    for mark in (b"/StructTreeRoot", b"/Marked true", b"/Lang (en)", b"/DisplayDocTitle true"):
        assert mark in inside
    assert [kind for kind, text in _oscal().items() if text.encode() not in inside] == []
    assert pages_of(made, "summary", "contents") == [1, 2]
    places = pages_of(made, "drills", "controls", "findings", "population", "people", "evidence", "appendix")
    assert len(places) == 7 and places == sorted(places)


def test_it_names_no_folder_of_the_machine_it_was_made_on(runs: Path) -> None:
    """Neither in what is rendered nor in what was recorded."""
    files = [*RENDERED.glob("*.*"), *(p for p in runs.rglob("*") if p.is_file())]
    found = [p.name for p in files if re.search(rb"/(home|work|root|Users|tmp)/", p.read_bytes())]
    assert found == []
