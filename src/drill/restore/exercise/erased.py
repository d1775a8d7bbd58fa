"""Who was erased is erased once more, from the copy, before anybody uses it.

After rows were compared, which would miss what went since; before the first call, as in a real recovery. What
is deleted here is deleted in the copy only.
"""

from __future__ import annotations

from drill.model.errors import WorldError
from drill.model.restore import undecided
from drill.model.target import Backups
from drill.restore.exercise.record import Tell, tell_check
from drill.restore.proof.controls.material import Erased
from drill.restore.proof.erasure import NAME, UNIT, Column, check_erasure, read_register, replay
from drill.restore.proof.place import Place


def erase_again(tell: Tell, backups: Backups, copy: Place) -> Erased | None:
    """Tell what came of it; whom a control could bring back, None for nobody."""
    told = backups.erasures
    if told is None:
        return None
    columns = tuple(Column(*column) for column in told.columns)
    try:
        persons = read_register(told.register)
        replayed = replay(copy, persons, columns) if persons else None
        tell_check(tell, check_erasure(copy, persons, columns, replayed))
    except WorldError as error:
        tell_check(tell, undecided(NAME, UNIT, f"It could not be made: {error}."))
        return None
    return Erased(persons, columns) if persons else None
