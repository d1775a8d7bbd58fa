"""Who was erased: the register, what a drill makes of one that is not there, and the sandbox's own."""

from __future__ import annotations

import asyncio
import copy
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drill.model.damages import DAMAGES, PERSON, chosen
from drill.model.errors import WorldError
from drill.model.event import Event
from drill.model.restore_events import ProofChecked
from drill.model.target import Backups, Erasures, Region
from drill.restore.exercise.erased import erase_again
from drill.restore.proof.controls.material import Erased
from drill.restore.proof.erasure import read_register
from drill.restore.proof.place import Place
from drill.sandbox.backups import erasures

NOWHERE = Place("/nowhere", 5432, "nobody", "voice")
COLUMNS = (("public", "turn", "patient"),)


def told(register: Path) -> tuple[Erased | None, ProofChecked]:
    """What a drill says whose copy does not even answer."""
    backups = Backups("directory", Region("x"), "", None, None, 1.0, 1, erasures=Erasures(register, COLUMNS))
    seen: list[Event] = []
    found = erase_again(seen.append, backups, NOWHERE)
    (event,) = seen
    assert isinstance(event, ProofChecked)
    return found, event


def test_a_register_is_read_line_by_line_without_remarks_and_repeats(tmp_path: Path) -> None:
    register = tmp_path / "erased"
    register.write_text("\ufeff# since May\np-1\n\n  p-2  \np-1\n", encoding="utf-8")
    assert read_register(register) == ("p-1", "p-2")


def test_a_register_that_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"register of erasures .*/gone cannot be read"):
        read_register(tmp_path / "gone")


@pytest.mark.parametrize("text", [None, "", "# nobody so far\n"])
def test_without_anybody_to_erase_nothing_is_proved(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "erased").write_text(text)
    found, event = told(tmp_path / "erased")
    assert (found, event.name, event.status, event.covered) == (None, "erasure.replayed", "UNKNOWN", 0)


def test_a_copy_that_cannot_be_written_is_not_called_clean_and_nobody_is_named(tmp_path: Path) -> None:
    (tmp_path / "erased").write_text("synthetic-secret\n")
    found, event = told(tmp_path / "erased")
    assert (found, event.status) == (None, "UNKNOWN")
    assert "synthetic-secret" not in str(event)


def test_an_erased_person_is_planted_back_only_where_persons_were_erased() -> None:
    assert PERSON not in chosen("all", 1)
    assert chosen("all", 1, erased=True) == (*DAMAGES, PERSON)


class Connection:
    """A store that remembers statements, and what the register held at each."""

    def __init__(self, register: Path) -> None:
        self.register = register
        self.seen: list[tuple[str, Any, str]] = []

    async def execute(self, statement: str, values: Any) -> None:
        held = self.register.read_text() if self.register.exists() else ""
        self.seen.append((statement.split()[0], copy.deepcopy(values), held))

    @asynccontextmanager
    async def transaction(self) -> Any:
        yield


def rounds(register: Path, number: int) -> Connection:
    connection = Connection(register)
    one = erasures.Erasures("", "", register, 1.0)

    async def all_() -> None:
        for _ in range(number):
            await one._round(connection)

    asyncio.run(all_())
    return connection


def test_the_sandbox_writes_a_person_down_before_it_erases_them(tmp_path: Path) -> None:
    seen = rounds(tmp_path / "erased", erasures.STAY + 1).seen
    deleted = [(values[0], held) for verb, values, held in seen if verb == "DELETE" and values[0]]
    assert len(deleted) == 2
    assert all(held.split() == names for names, held in deleted)


def test_whoever_is_in_the_sandboxs_register_is_erased_again_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "erased").write_text("synthetic-old\n")
    deletes = [values[0] for verb, values, _ in rounds(tmp_path / "erased", 1).seen if verb == "DELETE"]
    assert deletes == [["synthetic-old"], ["synthetic-old"]]
