"""A kind's parser and its JSON Schema accept the same values: one rule, told to two readers."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.definition import kinds
from drill.definition.drill_table import SCHEDULE
from drill.definition.keys import Kind

KINDS = [
    kinds.TEXT, kinds.NAME, kinds.DURATION, kinds.SHARE, kinds.COUNT, kinds.AT_LEAST_ONE, kinds.NUMBER,
    kinds.HTTP, kinds.WEBSOCKET, kinds.POSTGRES, SCHEDULE,
]  # fmt: skip
WRITTEN = [
    "", " ", "x", "a-b", "-a", "a-", "A", "30s", "0s", "0.0 ms", "0.5s", "1500 ms", "30", "5 minutes", "1.5h",
    "1d", ".5s", "5%", "0%", "100%", "100.0 %", "101%", "100.5%", "99.9%", "5 percent", "-1%", "http://h",
    "http://h:80/p", "https://h/p?q=1", "http://", "http:///p", "http://u:p@h/", "http://u@h/", "ws://h/media",
    "wss://[::1]:443/m", "ws://h m", "ftp://h", "postgresql://u@h:5432/d", "postgresql://u:p@h/d",
    "postgres://h/d", "postgresql:///d", "postgresql://u@h:1,i:2/d?x=y", "postgresql://h,,i/d",
    "postgresql://u:p@h,i/d", "postgresql://h/d?password=p", "postgresql://[::1]:1,[::2]/d", "http://h,i/",
    "postgresql://h,i/d?x=y&sslpassword=",
    "daily", "on demand", "never", 0, 1, -1, 2.5, 0.5, True, False, None,
]  # fmt: skip


def _parses(kind: Kind, value: object) -> bool:
    try:
        kind.parse(value)
    except ValueError:
        return False
    return True


def _validates(kind: Kind, value: object) -> bool:
    return jsonschema.Draft202012Validator(kind.schema).is_valid(value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_parser_and_schema_agree_on_what_people_write(kind: Kind) -> None:
    """Likely values, right and wrong, of every kind."""
    apart = [value for value in WRITTEN if _parses(kind, value) != _validates(kind, value)]
    assert apart == []


@given(
    st.sampled_from([kinds.DURATION, kinds.SHARE]),
    st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})? ?(ms|s|m|h|d|%|x)?", fullmatch=True),
)
def test_parser_and_schema_agree_on_quantities(kind: Kind, value: str) -> None:
    """Numbers with and without units, of any size."""
    assert _parses(kind, value) == _validates(kind, value)


@given(st.one_of(st.integers(-9, 9), st.floats(-9, 9), st.booleans(), st.none()))
def test_parser_and_schema_agree_on_numbers(value: object) -> None:
    """Bare numbers; JSON Schema knows 1.0 as an integer, which is why a count's float is left out."""
    assert _parses(kinds.NUMBER, value) == _validates(kinds.NUMBER, value)
    assert _parses(kinds.SHARE, value) == _validates(kinds.SHARE, value)
