"""The vendors' dialects as tables, one file each; another platform's table is a file of the same keys.

Each file names the public document that it was written from. What a document does not tell is not in it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path

from drill.definition.reader import nearest
from drill.load.dialect import Dialect
from drill.load.dialects.table import read_dialect
from drill.model.errors import DefinitionError

_HERE = Path(__file__).parent
VENDORS = tuple(sorted(file.stem for file in _HERE.glob("*.yaml")))
USUAL = "twilio"


@cache
def dialect_of(name: str, folder: Path = Path()) -> Dialect:
    """The dialect of a vendor, or that of a .yaml file in `folder`; DefinitionError with every mistake."""
    if name in VENDORS:
        return _stamped(read_dialect(_HERE / f"{name}.yaml"))
    if name.endswith((".yaml", ".yml")):
        return _stamped(read_dialect(folder / name))
    raise DefinitionError(f"no dialect {name!r}; {nearest(name, VENDORS)} (one of your own is a .yaml file)")


def _stamped(dialect: Dialect) -> Dialect:
    return replace(dialect, utc_offset_ns=time.time_ns() - time.monotonic_ns())
