"""Restoring a backup as a step of an experiment: into the run's own folder, told in a stream of its own."""

from __future__ import annotations

import os
from collections.abc import Callable

from drill.journal import Journal
from drill.model.errors import WorldError
from drill.model.event import Event
from drill.model.restore_events import CanaryRequested, RestoreBegun, RestoreEnded, RestoreFailed
from drill.restore.exercise import Order, exercise
from drill.restore.workspace import workspace
from drill.toolkit.session import RUN_VARIABLE, Session

STREAM = "restore.jsonl"
_DURABLE = (RestoreBegun, RestoreFailed, CanaryRequested, RestoreEnded)


def restore(session: Session, order: Order) -> str:
    """One restore, and where its record is; WorldError when it failed, which the record says as well."""
    path = session.path.with_name(STREAM)
    run_id = os.environ.get(RUN_VARIABLE) or session.path.parent.parent.name
    with Journal(path, run_id) as journal:

        def tell(event: Event) -> None:
            journal.append(event, durable=isinstance(event, _DURABLE))

        failure = _tried(session, order, run_id, tell)
    if failure is not None:
        raise failure  # after the record's end, which is in order: a restore that fails is a result
    return str(path)


def _tried(session: Session, order: Order, run_id: str, tell: Callable[[Event], None]) -> WorldError | None:
    try:
        exercise(session.target, order, run_id, tell, workspace(session.path.parent.parent))
    except WorldError as error:
        return error
    return None
