"""Write docs/report.svg: the picture of a run's report, from a run of the committed sample.

Whoever reads the README sees what the code draws today; a test compares the two.
"""

from __future__ import annotations

import re
import sys
import tarfile
import tempfile
from importlib.resources import files
from pathlib import Path

from drill.report import build_view
from drill.report.values import View
from drill.runs import judge_run

ROOT = Path(__file__).parents[1]
RUN = "ehr-outage-short/20261125T080932Z-b6beed"
_COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]+)")


def view() -> View:
    """What the report of that run shows."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(ROOT / "reports" / "sample" / "runs.tar.xz") as archive:
            archive.extract(f"runs/{RUN}.evidence.tar", folder, filter="data")
        with tarfile.open(Path(folder) / "runs" / f"{RUN}.evidence.tar") as bundle:
            bundle.extractall(Path(folder) / "run", filter="data")
        judged = judge_run(Path(folder) / "run")
    if judged.timeline is None:
        raise SystemExit(f"{RUN} cannot be folded")
    return build_view(judged.plan, judged.timeline, judged.verdicts, judged.streams)


def picture(of: View) -> str:
    """Its picture as a file of its own: with colours instead of their names, on paper."""
    light = _style("report.css").partition("@media screen")[0]
    colours = dict(_COLOUR.findall(light))
    style = re.sub(
        r"var\(--([a-z-]+)\)", lambda named: colours.get(named[1], named[0]), _style("picture.css")
    )
    ground = f"<style>svg {{ background: {colours['paper']}; font-family: sans-serif; }}\n{style}</style>"
    return re.sub(r"(<svg [^>]*>)", lambda head: head[1] + ground, str(of.wide), count=1) + "\n"


def _style(name: str) -> str:
    return files("drill.report").joinpath("templates", name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(picture(view()))
