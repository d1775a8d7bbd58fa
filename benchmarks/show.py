"""One way to print a figure."""

from __future__ import annotations


def show(what: str, figure: float, limit: float, unit: str, note: str = "") -> None:
    """`what: figure unit (limit, ratio)`."""
    print(
        f"{what:<58}{figure:9.3f} {unit:<4} limit {limit:g} {unit}  ratio {figure / limit:.2f}  {note}",
        flush=True,
    )
