"""How results are put into words on a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drill.judge import headline
from drill.model.verdicts import Status
from drill.reaper.heal import Healed
from drill.runs import Judged


def as_json(value: Any) -> str:
    """Stable JSON for machines."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)


def table(rows: Sequence[dict[str, str]]) -> str:
    """Rows of equal keys as aligned columns."""
    if not rows:
        return "no drill files here"
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    lines = [dict(zip(names, names, strict=True)), *rows]
    return "\n".join("  ".join(row[name].ljust(widths[name]) for name in names).rstrip() for row in lines)


def failures(judged: Judged) -> str:
    """The headline, then every objective that did not pass."""
    bad = [v for v in judged.verdicts if v.status is not Status.PASS]
    bad.sort(key=lambda v: (-v.status, v.objective))
    lines = [headline(judged.plan, judged.verdicts)]
    return "\n".join(lines + [f"  {v.status.name:<8}{v.objective}: {v.sentence}" for v in bad])


def healing(healed: Mapping[Path, Healed]) -> str:
    """What of each run was restored, what was not, and what of its record cannot be read."""
    lines = []
    for folder, each in healed.items():
        lines += [f"restored      {said}" for said in each.restored]
        lines += [f"NOT restored  {said}" for said in each.failed]
        lines += [f"record        {said}" for said in each.damage]
        if each.failed:
            lines.append(f"once that can be undone, run `drill heal {folder}` again")
    idle = all(each.whole and not each.restored for each in healed.values())
    return "\n".join([*lines, *(["nothing is outstanding"] if idle else [])])


def healed_json(healed: Healed) -> dict[str, list[str]]:
    """The same for machines."""
    return {
        "restored": list(healed.restored), "failed": list(healed.failed), "damage": list(healed.damage),
    }  # fmt: skip
