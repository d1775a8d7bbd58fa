"""Canonical JSON (RFC 8785), and reading it back so strictly that one value has one spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import rfc8785

from drill.model.errors import JournalError


def canonical(value: Any) -> bytes:
    """The one spelling of a value."""
    return rfc8785.dumps(value)


def strict_parse(data: bytes, where: str) -> Any:
    """The value that canonical bytes spell; JournalError for anything else, twice-named members too."""
    try:
        value = json.loads(data)
        same = canonical(value) == data
    except (ValueError, RecursionError) as error:
        raise JournalError(f"{where}: is not canonical JSON: {str(error)[:200]}") from error
    if not same:
        raise JournalError(f"{where}: is not canonical JSON (RFC 8785): somebody wrote it by hand")
    return value


def strict_members(value: Any, names: Iterable[str], where: str) -> dict[str, Any]:
    """A table with exactly these members; JournalError otherwise."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise JournalError(f"{where}: has not exactly the members {', '.join(sorted(names))}")
    return value


def text_of(found: dict[str, Any], name: str, where: str, like: re.Pattern[str] | None = None) -> str:
    """A member that is text, of a form if one is asked for; JournalError otherwise."""
    value = found[name]
    if not isinstance(value, str) or (like is not None and not like.fullmatch(value)):
        raise JournalError(f"{where}: {name} is {str(value)[:80]!r}, which cannot be")
    return value
