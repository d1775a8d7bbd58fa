"""The events that a report rests upon, each with a place of its own on the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from drill.journal import Stream
from drill.model.event_fields import to_fields
from drill.model.events import Recorded
from drill.report.values import Cited, Link, anchor
from drill.report.words import bounded, when
from drill.timeline import Timeline

Index = Mapping[str, Recorded]


class _ById(Mapping[str, Recorded]):
    """Events by id without a table of them all: an event's number is its place in its stream."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = {stream.name: stream.events for stream in streams}

    def __getitem__(self, id_: str) -> Recorded:
        stream, _, number = id_.rpartition(":")
        events = self._streams[stream]
        if not number.isdecimal() or int(number) >= len(events) or events[int(number)].id != id_:
            raise KeyError(id_)
        return events[int(number)]

    def __iter__(self) -> Iterator[str]:
        return (recorded.id for events in self._streams.values() for recorded in events)

    def __len__(self) -> int:
        return sum(len(events) for events in self._streams.values())


def index(streams: Sequence[Stream]) -> Index:
    """All events of a run by id."""
    return _ById(streams)


def link(id_: str) -> Link:
    """Where an event stands on the page: `load:123` at `#load-123`."""
    return Link(id_, anchor(id_))


def links(ids: Iterable[str]) -> tuple[Link, ...]:
    """Each once, in the order given: the most telling first."""
    return tuple(link(id_) for id_ in dict.fromkeys(ids))


def cited(ids: Iterable[str], events: Index, timeline: Timeline) -> tuple[Cited, ...]:
    """All of them in the order of time; one that the journal does not hold says so, at the end."""
    wanted = set(ids)
    known = sorted((events[id_] for id_ in wanted if id_ in events), key=lambda r: (r.t_ns, r.stream, r.seq))
    found = [_cited(recorded, timeline) for recorded in known]
    return (*found, *(_missing(id_) for id_ in sorted(id_ for id_ in wanted if id_ not in events)))


def _cited(recorded: Recorded, timeline: Timeline) -> Cited:
    at_s = (recorded.t_ns - timeline.start_ns) / 1e9
    text = bounded(line(recorded))
    return Cited(anchor(recorded.id), recorded.id, when(timeline, at_s), recorded.event.kind, text)


def _missing(id_: str) -> Cited:
    return Cited(
        anchor(id_), id_, "", "not in the journal", "A verdict cites this event, but no stream holds it."
    )


def line(recorded: Recorded) -> str:
    """An event as it stands in its stream, without the chain value."""
    fields = {
        "n": recorded.seq,
        "t_ns": recorded.t_ns,
        "kind": recorded.event.kind,
        **to_fields(recorded.event),
    }
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
