"""Several bundles of one target: no number missing, each naming the one before it as it stands there.

The first that is missing is told by number and id, which the bundle behind it names. Runs behind the last
bundle are known too where a later seal tells of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drill.evidence.bundle import opened
from drill.evidence.moments import SET_BACK_S, of_utc
from drill.evidence.verify import Link, Verification
from drill.model.verdicts import Status


@dataclass(frozen=True, slots=True)
class Wanted:
    """The numbers that should be there; 0: from the lowest given, to the highest known of."""

    first: int = 0
    last: int = 0


def sequence(verified: Sequence[Verification], wanted: Wanted = Wanted()) -> tuple[Link, ...]:
    """One link for each target, of bundles that were found true; the first hole is named."""
    by_target: defaultdict[str, list[Verification]] = defaultdict(list)
    for each in verified:
        if each.record and not each.broken:
            by_target[each.record.target].append(each)
    return tuple(_target(name, found, wanted) for name, found in sorted(by_target.items()))


def _target(target: str, found: list[Verification], wanted: Wanted) -> Link:
    found.sort(key=_number)
    for broken in (*_holes(found, wanted), *_twice(found), *_apart(found)):
        return Link("sequence", Status.FAIL, f"target {target!r}: {broken}")
    numbers = [_number(each) for each in found]
    return Link(
        "sequence", Status.PASS, f"target {target!r}: runs {numbers[0]} to {numbers[-1]}, none missing"
    )


def _number(each: Verification) -> int:
    return each.record.number if each.record else 0


def _holes(found: Sequence[Verification], wanted: Wanted) -> Iterator[str]:
    there = {_number(each) for each in found}
    named = {p.number: p.run_id for each in found if each.record and (p := each.record.previous)}
    known = max(each.seals[0].said.latest for each in found)
    first, last = wanted.first or min(there), wanted.last or max(known, *there)
    missing = [number for number in range(first, min(last, first + 10_000) + 1) if number not in there]
    if missing:
        told = [f"{number} ({named[number]})" if number in named else str(number) for number in missing[:20]]
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        yield f"no bundle of run {', '.join(told)}{more}, which was begun; runs {first} to {last} are due"


def _twice(found: Sequence[Verification]) -> Iterator[str]:
    by_number: dict[int, Verification] = {}
    for each in found:
        other = by_number.setdefault(_number(each), each)
        if each.record and other.record and each.record.sha256 != other.record.sha256:
            yield (
                f"two runs say that they are number {each.record.number}: {other.record.run_id} and "
                f"{each.record.run_id}; they were not numbered in one folder of runs"
            )


def _apart(found: Sequence[Verification]) -> Iterator[str]:
    by_number = {_number(each): each for each in found}
    for each in found:
        record = each.record
        before = by_number.get(record.previous.number) if record and record.previous else None
        if not record or not record.previous or not before or not before.record:
            continue
        if before.record.sha256 != record.previous.record_sha256:
            yield f"run {before.record.number} is not the one that run {record.number} names: it was replaced"
        elif stream := _rewritten(before, record.previous.heads):
            yield f"stream {stream!r} of run {before.record.number} is not what run {record.number} saw of it"
        elif (of_utc(before.record.created_utc) - of_utc(record.created_utc)).total_seconds() > SET_BACK_S:
            yield (
                f"the clock was set back: run {record.number} was begun at {record.created_utc}, before run "
                f"{before.record.number} at {before.record.created_utc}"
            )


def _rewritten(before: Verification, heads: dict[str, str]) -> str:
    """The first stream that never went through the chain value which the next run saw of it."""
    with opened(before.path) as reader:
        for stream, head in heads.items():
            name, end = f"journal/{stream}.jsonl", f',"chain":"{head}"}}\n'.encode()
            if name not in reader.members or not any(line.endswith(end) for line in reader.lines(name)):
                return stream
    return ""
