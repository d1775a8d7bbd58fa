"""Speech and model are hurt on every zone's link to them, seen there, and given back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.definition.needs import injections, lacking, stages_hurt
from drill.definition.stages import MODEL_MODES, SPEECH_MODES, model_order, speech_order
from drill.faults import make
from drill.faults.stages import STAND_INS, stage_fault, ways_to
from drill.faults.standin import MODES, emptied
from drill.model.errors import WorldError
from drill.model.plan import Objectives
from drill.model.target import Stage, Target, Zone
from drill.objectives.door_latency import threshold
from drill.probes.stages import stage_answer

TARGET = Target(
    "here", "sandbox", "lite", "ws://127.0.0.1/media", (Zone("a", "", ""), Zone("b", "", "")),
    None, None, None, "d", Path("target.toml"),
)  # fmt: skip
ROOT = Path(__file__).parents[2]
WAY = Stage("model", "a", "model-a", "http://127.0.0.8:8474", "http://127.0.4.2:17012/reply")


def experiment(func: str, **told: str) -> str:
    provider = {"module": "drill.toolkit.actions", "func": func, "arguments": told}
    return json.dumps({"method": [{"type": "action", "name": "x", "provider": provider}]})


@pytest.mark.parametrize("mode", MODEL_MODES)
def test_every_mode_of_the_model_is_a_fault_that_a_journal_can_name(mode: str) -> None:
    """Made again from its spec it is the same; its witness is the zone's own link."""
    fault = stage_fault(model_order(mode), WAY, "127.0.0.1:1")
    assert make(fault.kind, json.dumps(fault.spec())) == fault
    assert fault.witness.startswith("model/a:")


def test_no_sign_is_what_a_healthy_stage_shows() -> None:
    """A word that is not `ok`, or a time above what any answer takes."""
    orders = [*map(model_order, MODEL_MODES), *map(speech_order, SPEECH_MODES)]
    for order in orders:
        sign = order.witness("model", "a").partition(":")[2]
        timed = threshold(sign)
        assert timed.least_ms >= 1500 if timed else sign in ("timeout", "http_5xx", "http_429", "empty")


@pytest.mark.parametrize(("mode", "part"), [("empty", "both"), ("slow", "model"), ("", "both")])
def test_what_speech_cannot_suffer_is_refused(mode: str, part: str) -> None:
    """By the drill too, before anything is touched."""
    with pytest.raises(ValueError, match="write one of"):
        speech_order(mode, part)
    (found,) = injections(experiment("speech_fault", mode=mode, part=part))
    assert found.stage is None
    assert "write one of" in found.wrong


def test_a_drill_asks_only_what_it_hurts() -> None:
    """A model's owner may charge for questions; a sham asks the same."""
    assert stages_hurt(experiment("model_fault", mode="slow")) == ("model",)
    assert stages_hurt(experiment("speech_fault", mode="slow", part="synthesis")) == (
        "recognition",
        "synthesis",
    )
    assert stages_hurt(experiment("sham", instead_of="model_fault")) == ("model",)
    assert stages_hurt(experiment("ehr_fault", mode="slow")) == ()


def test_a_target_without_a_way_is_told_so() -> None:
    """All that is missing, by zone."""
    with pytest.raises(WorldError, match="names no way to model"):
        ways_to(TARGET, ("model",))


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (200, b'{"text": "good"}', "ok"),
        (200, b'{"text": " "}', "empty"),
        (200, b'{"choices": [{"message": {"content": ""}}]}', "empty"),
        (200, b'{"choices": [{"message": {"content": "yes"}}]}', "ok"),
        (200, b'{"status": "ok"}', "ok"),
        (200, b"\xff\xfe sound", "ok"),
        (200, b"", "empty"),
        (429, b"", "http_429"),
        (503, b"{}", "http_5xx"),
        (302, b"", "error"),
    ],
)
def test_an_answer_is_one_word(status: int, body: bytes, word: str) -> None:
    """Never its own."""
    outcome, detail = stage_answer(status, body)
    assert outcome == word
    assert "good" not in detail


def test_an_emptied_answer_keeps_its_form() -> None:
    """Only words go."""
    answer = {"choices": [{"message": {"role": "assistant", "content": "hello"}}], "usage": {"tokens": 3}}
    spoilt = emptied(answer)
    assert spoilt["choices"][0]["message"] == {"role": "assistant", "content": ""}
    assert spoilt["usage"] == {"tokens": 3}
    assert stage_answer(200, json.dumps(spoilt).encode())[0] == "empty"


def test_every_stand_in_is_one_that_there_is() -> None:
    """By the name that its process is started with."""
    assert set(STAND_INS.values()) <= set(MODES)


def test_an_experiment_needs_every_zones_way() -> None:
    """A zone without one would be served on."""
    drill = load_drill(ROOT / "drills" / "model-slow.yaml")
    drill = dataclasses.replace(drill, objectives=Objectives(None, None, None, None, None))
    some = dataclasses.replace(TARGET, stages=(WAY,))
    (said,) = lacking(drill, some)
    assert "stages: model of zone b" in said
    both = dataclasses.replace(TARGET, stages=(WAY, dataclasses.replace(WAY, zone="b", proxy="model-b")))
    assert lacking(drill, both) == []
