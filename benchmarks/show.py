"""One way to print a figure."""

from __future__ import annotations


def show(what: str, figure: float, limit: float, unit: str, note: str = "") -> None:
    """`what: figure unit (limit, ratio)`; where nothing is allowed there is no ratio."""
    ratio = f"  ratio {figure / limit:.2f}" if limit else ""
    print(
        f"{what:<58}{figure:9.3f} {unit:<4} limit {limit:g} {unit}{ratio}  {note}",
        flush=True,
    )
