"""One line of a journal: the event's JSON, with the chain value as its last member.

chain[n] = sha256(chain[n-1] + body[n]),  chain[-1] = sha256("drill-journal-v1:" + stream)
"""

from __future__ import annotations

import hashlib
import json
import math
from json.encoder import encode_basestring
from typing import Any, NamedTuple

import orjson

from drill.model.errors import JournalError
from drill.model.event_fields import from_fields, to_fields
from drill.model.events import Event
from drill.redact import Redactor

_MARK = ',"chain":"'
_MARK_BYTES = _MARK.encode()
_TAIL = len(_MARK) + 64 + len('"}')


def genesis(stream: str) -> str:
    """The chain value before the first line of a stream."""
    return hashlib.sha256(f"drill-journal-v1:{stream}".encode()).hexdigest()


def chained(number: int, t_ns: int, event: Event, redactor: Redactor, chain: str) -> tuple[str, str]:
    """The line of an event, its end included, that follows the one of this chain value; and its own."""
    body = _body(number, t_ns, event, redactor)
    head = hashlib.sha256((chain + body).encode()).hexdigest()
    return f'{body[:-1]}{_MARK}{head}"}}\n', head


def _body(number: int, t_ns: int, event: Event, redactor: Redactor) -> str:
    """The event's JSON. Put together by hand: building an encoder per line costs more than the line."""
    allowed = redactor.field
    fields = "".join([f',"{name}":{_json(allowed(name, value))}' for name, value in to_fields(event).items()])
    return f'{{"n":{number},"t_ns":{t_ns},"kind":"{event.kind}"{fields}}}'


_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return repr(value)
    return _encoded(value)


class ChangedError(JournalError):
    """A stored line is not what was written, or does not stand where it was written."""


class Line(NamedTuple):
    """A verified line: its place, its time, what it says, and its chain value. (A dataclass takes four times
    as long to make, and one is made for every event of a run.)"""

    seq: int
    t_ns: int
    event: Event
    chain: str


def parse_line(line: bytes, chain: str, told: dict[str, str] | None = None) -> Line:
    """A line without its end, after the one of this chain value; JournalError where it was not written so.

    `told` is where texts that come again are kept once: names of calls and patients stand in many lines.
    """
    if line[-_TAIL : -_TAIL + len(_MARK)] != _MARK_BYTES or not line.endswith(b'"}'):
        raise ChangedError("is cut short or is not a journal line")
    body = line[:-_TAIL] + b"}"
    head = hashlib.sha256(chain.encode() + body).hexdigest()
    if head.encode() != line[-66:-2]:
        raise ChangedError("does not follow from the line before it: it or its predecessor was changed")
    try:
        fields = orjson.loads(body)
        seq, t_ns, kind = fields.pop("n"), fields.pop("t_ns"), fields.pop("kind")
        if not (type(seq) is type(t_ns) is int and type(kind) is str):
            raise TypeError("its number, time or kind is none")
        return Line(seq, t_ns, from_fields(kind, fields, told), head)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"is not a journal event: {error}") from error
