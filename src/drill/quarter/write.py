"""A quarter's report on disk: which file holds what, and the one place that reads and writes for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from drill.definition import load_drill
from drill.definition.controls import catalogue
from drill.definition.suites import all_drills
from drill.model.errors import DefinitionError, NotInstalledError, WorldError
from drill.quarter.calendar import Quarter
from drill.quarter.extra import oscal_text, pdf
from drill.quarter.notes import Notes
from drill.quarter.notes_file import read_notes
from drill.quarter.oscal import assessment_results, last_moment, plan_of_action
from drill.quarter.population import population
from drill.quarter.render import quarter_html, quarter_markdown
from drill.quarter.tables import junit, objectives_csv
from drill.quarter.values import Planned, QuarterView
from drill.quarter.view import build_quarter

FINDINGS = "findings.yaml"
# The slowest last: who waits for it has the others.
FORMATS = ("html", "oscal", "junit", "csv", "md", "pdf")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which quarter, as of which day, and where its parts are; without `findings` those beside the runs."""

    quarter: Quarter
    as_of: date
    runs: Path
    drills: Path
    findings: Path | None


def read_quarter(asked: Asked) -> QuarterView:
    """Judge every run and read every file; DefinitionError with every mistake of the files."""
    every = population(asked.runs)
    beside = asked.runs / FINDINGS
    file = asked.findings or (beside if beside.is_file() else None)
    notes = read_notes(file, every) if file else Notes()
    command = f"drill report --quarter {asked.quarter} --as-of {asked.as_of.isoformat()}"
    return build_quarter(
        asked.quarter, asked.as_of, every, planned(asked.drills), notes, catalogue(), command
    )


def planned(drills: Path) -> tuple[Planned, ...]:
    """The drills of a folder, as far as a quarter asks of them; DefinitionError with the mistakes of all."""
    mistakes: list[str] = []
    found = []
    for path in all_drills(drills):
        try:
            d = load_drill(path)
        except DefinitionError as error:
            mistakes += error.mistakes
            continue
        found.append(
            Planned(d.drill, d.title, d.owner, d.severity, d.risk, d.runbook, d.schedule, d.controls)
        )
    if mistakes:
        raise DefinitionError(mistakes)
    return tuple(found)


class Renderings:
    """All forms of one view, each made once and when it is asked for."""

    def __init__(self, view: QuarterView) -> None:
        self._view = view

    @cached_property
    def html(self) -> str:
        """The page."""
        return quarter_html(self._view)

    @cached_property
    def seed(self) -> str:
        """The digest that names this very report in its OSCAL documents and in its PDF."""
        return hashlib.sha256(self.html.encode()).hexdigest()

    @cached_property
    def results(self) -> str:
        """OSCAL assessment results."""
        return oscal_text(assessment_results(self._view, self.seed))

    @cached_property
    def poam(self) -> str:
        """OSCAL plan of action and milestones."""
        return oscal_text(plan_of_action(self._view, self.seed))

    @cached_property
    def pdf(self) -> bytes:
        """The page as PDF/A-3a with both OSCAL documents in it."""
        attached = {"assessment-results.json": self.results, "plan-of-action-and-milestones.json": self.poam}
        return pdf(self.html, attached, self.seed, last_moment(self._view))


def write_quarter(
    view: QuarterView, out: Path, formats: Sequence[str], left_out: Callable[[str], None] | None = None
) -> list[Path]:
    """Write the forms asked for and return the files.

    A form whose library is missing raises NotInstalledError; where `left_out` is given it is told of that
    instead. One that cannot be made though its library is there raises WorldError, when the others are
    written.
    """
    forms = Renderings(view)
    makers: dict[str, Callable[[], dict[str, bytes]]] = {
        "html": lambda: {"report.html": forms.html.encode()},
        "oscal": lambda: {
            "assessment-results.json": forms.results.encode(),
            "plan-of-action-and-milestones.json": forms.poam.encode(),
        },
        "junit": lambda: {"junit.xml": junit(view.trials).encode()},
        "csv": lambda: {"objectives.csv": objectives_csv(view.trials).encode()},
        "md": lambda: {"report.md": quarter_markdown(view).encode()},
        "pdf": lambda: {"report.pdf": forms.pdf},
    }  # fmt: skip
    _writable(out)
    written: list[Path] = []
    wrong: list[str] = []
    for name in dict.fromkeys(formats):
        try:
            written += [_written(out / file, content) for file, content in makers[name]().items()]
        except NotInstalledError as error:
            if left_out is None:
                raise
            left_out(f"{name} was left out: {error}")
        except WorldError as error:
            wrong.append(f"{name} cannot be made: {error}")
    if wrong:
        raise WorldError("\n".join(wrong))
    return written


def _writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(out, error) from error


def _written(path: Path, content: bytes) -> Path:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise _refused(path, error) from error
    return path


def _refused(path: Path, error: OSError) -> DefinitionError:
    return DefinitionError(f"{path}: cannot be written: {error.strerror}; name another folder with --out")
