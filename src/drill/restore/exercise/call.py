"""A synthetic call to the restored data, by the drill itself: read what callers were told, save a turn, and
find it again from another connection. It stands for the first caller after a real recovery where the target
names no command that makes a call by the platform's own agent (see `first_call`); a report says whose it was.
"""

from __future__ import annotations

import psycopg

from drill.model.errors import WorldError
from drill.restore.proof.place import Place

WAY = "the drill's own call: it reads the stored turns, commits one of its own and reads it back"
_MAKE = "CREATE TABLE public.drill_call (call_sid text PRIMARY KEY, said text NOT NULL)"
_SAVE = "INSERT INTO public.drill_call VALUES (%s, %s)"
_FIND = "SELECT said FROM public.drill_call WHERE call_sid = %s"


def serve_call(copy: Place, turns: str, run_id: str) -> str:
    """What came of it, in words; WorldError when the copy does not serve."""
    try:
        with copy.session({"search_path": "public"}, write=True) as session:
            read = len(session.execute(turns.encode(), {"run_id": run_id}).fetchall()) if turns else 0
            session.execute(_MAKE)
            session.execute(_SAVE, (run_id, "hello"))
        with copy.session({"search_path": "public"}) as session:
            if session.execute(_FIND, (run_id,)).fetchone() != ("hello",):
                raise WorldError("the restored copy does not keep what it is told")
    except psycopg.Error as error:
        raise WorldError(f"the restored copy does not serve: {str(error).splitlines()[0]}") from error
    return f"{read} turns were read and one was saved; {WAY}"
