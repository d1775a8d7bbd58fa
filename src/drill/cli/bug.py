"""The last resort: a mistake of ours is one line that names a log, never a traceback and never a verdict."""

from __future__ import annotations

import os
import tempfile
import traceback

from drill.redact import Redactor, known


def told(error: Exception) -> str:
    """One line about an error; the traceback goes to a file, without what is secret."""
    clean = Redactor(known(os.environ)).clean
    said = f"drill: this is a bug of drill, not a verdict: {type(error).__name__}: {clean(str(error))[:200]}"
    try:
        held, log = tempfile.mkstemp(prefix="drill-bug-", suffix=".log")
        with os.fdopen(held, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(clean("".join(traceback.format_exception(error))))
    except OSError as trouble:
        return f"{said}; its log could not be written: {trouble.strerror}"
    return f"{said}; its log is {log}"
