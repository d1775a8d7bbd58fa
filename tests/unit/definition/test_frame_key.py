"""How much audio leaves at a time: one of a few lengths, telephony's own unless told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drill.definition import load_drill

Refused = Callable[..., list[str]]


def test_a_frame_is_20_ms_unless_told(folder: Path) -> None:
    text = (folder / "drill.yaml").read_text()
    assert load_drill(Path("drill.yaml")).load.frame_ms == 20
    (folder / "drill.yaml").write_text(text.replace("mean_call: 60s", "mean_call: 60s\n  frame: 100ms"))
    assert load_drill(Path("drill.yaml")).load.frame_ms == 100


def test_a_length_that_no_line_has_is_refused(refused: Refused) -> None:
    """With those that are known."""
    (mistake,) = refused(("mean_call: 60s", "mean_call: 60s\n  frame: 30ms"))
    assert mistake.startswith("drill.yaml:13: load.frame: '30ms' is not a known frame; ")
    assert "20ms" in mistake
