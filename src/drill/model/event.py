"""The base of all events: only the `kind` that names one in a journal line."""

from __future__ import annotations

from typing import ClassVar


class Event:
    """See the module."""

    __slots__ = ()
    kind: ClassVar[str]
