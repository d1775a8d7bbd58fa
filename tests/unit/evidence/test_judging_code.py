"""The digest of what judges leaves nothing out that judging imports."""

import subprocess
import sys
from pathlib import Path

import drill
from drill.evidence.judging_code import files

ROOT = Path(drill.__file__).parent


def test_everything_that_judging_imports_is_in_the_digest() -> None:
    code = (
        "import sys, drill; before = set(sys.modules); import drill.judge, drill.journal, drill.plan; "
        "new = set(sys.modules) - before; "
        "print(*(sys.modules[n].__file__ for n in new if n.startswith('drill.')), sep=chr(10))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    imported = {Path(line) for line in told.splitlines()}
    assert len(imported) > 40
    assert imported - set(files(ROOT)) == set()
