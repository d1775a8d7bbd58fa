"""The media stream dialect: the fast road must see what the slow road sees."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.sandbox import dialect


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@given(audio=st.binary(min_size=1, max_size=200))
def test_fast_and_slow_road_agree(separators: tuple[str, str], audio: bytes) -> None:
    """However a media frame is spaced, its payload is found."""
    payload = base64.b64encode(audio).decode()
    frame = {"event": "media", "sequenceNumber": "3", "media": {"track": "inbound", "payload": payload}}
    text = json.dumps(frame, separators=separators)
    assert dialect.media_payload(text) == payload
    assert dialect.parse(text) == dialect.Media(payload)


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"media","media":{"payload":"\\/\\/\\/\\/"}}',
        '{"sequenceNumber":"3","event":"media","media":{"payload":"////"}}',
        '{"streamSid":"a-long-stream-identifier","event":"media","media":{"payload":"////"}}',
    ],
)
def test_odd_media_frames_take_the_slow_road(text: str) -> None:
    """Escaped slashes and other key orders are understood as well."""
    assert dialect.media_payload(text) in {None, "////"}
    assert dialect.parse(text) == dialect.Media("////")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"event":"media"}',
        '{"event":"start","start":{}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"a\\"b"}}',
        '{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","customParameters":{"patient":"a:b"}}}',
    ],
)
def test_what_is_not_the_dialect_is_refused(text: str) -> None:
    """One kind of error, whatever is wrong; names that would break marks are wrong."""
    with pytest.raises(dialect.DialectError):
        dialect.parse(text)


def test_what_is_sent_is_json() -> None:
    """Frames are built as text and still are what they say."""
    assert json.loads(dialect.media("MZ1", "////"))["media"] == {"payload": "////"}
    assert json.loads(dialect.mark("MZ1", "turn:1:full"))["mark"] == {"name": "turn:1:full"}
    assert json.loads(dialect.clear("MZ1")) == {"event": "clear", "streamSid": "MZ1"}
