"""Each vendor's frames against the examples of its public documents, and tables that are not right."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from drill.load.dialect import Audio, Clear, DialectError, Mark
from drill.load.dialects import VENDORS, dialect_of
from drill.load.frames import Binary
from drill.load.mouth import Mouth
from drill.load.settings import from_environ
from drill.load.speech import FRAME_MS, TONES_HZ
from drill.model.errors import DefinitionError

GIVEN = {"patient": "synthetic-0042", "synthetic": "1", "drill_id": "run-1"}
TABLES = Path(__file__).parents[3] / "src/drill/load/dialects"
TWILIO_MEDIA = {
    None: "08549fec4f234b59",
    "chat": "0fbd20f52a08f5a4",
    "lookup": "2c1f1ce828aaee3b",
    "note": "11caaac28f72247e",
}


def mouth(vendor: str) -> Mouth:
    """A call that has introduced itself."""
    spoken = Mouth(dialect_of(vendor), "CA1", "MZ1")
    spoken.opening(GIVEN)
    return spoken


def read(message: bytes | None) -> Any:
    """A text of ours."""
    assert message is not None
    assert not isinstance(message, Binary)
    return json.loads(message)


def shape(value: Any) -> Any:
    """Members and types, without what stands in them."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return type(value)


# What the documents show, in their order of members; long payloads are cut.
EXAMPLES: dict[str, dict[str, Any]] = {
    "twilio": {
        "connected": {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        "media": {"event": "media", "sequenceNumber": "3", "media": {"track": "inbound", "chunk": "1",
                  "timestamp": "5", "payload": "no+J"}, "streamSid": "MZ1"},
        "dtmf": {"event": "dtmf", "streamSid": "MZ1", "sequenceNumber": "5",
                 "dtmf": {"track": "inbound_track", "digit": "1"}},
        "mark": {"event": "mark", "sequenceNumber": "4", "streamSid": "MZ1", "mark": {"name": "my label"}},
        "stop": {"event": "stop", "sequenceNumber": "5", "stop": {"accountSid": "AC1", "callSid": "CA1"},
                 "streamSid": "MZ1"},
    },
    "telnyx": {
        "connected": {"event": "connected", "version": "1.0.0"},
        "media": {"event": "media", "sequence_number": "4", "media": {"track": "inbound", "chunk": "2",
                  "timestamp": "5", "payload": "no+J"}, "stream_id": "32DE"},
        "dtmf": {"event": "dtmf", "stream_id": "32DE", "occurred_at": "2025-06-05T08:54:19.698408Z",
                 "sequence_number": "5", "dtmf": {"digit": "1"}},
        "mark": {"event": "mark", "stream_id": "32DE", "sequence_number": "5",
                 "mark": {"name": "some_mark_name"}},
        "stop": {"event": "stop", "sequence_number": "5", "stop": {"user_id": "3E6F",
                 "call_control_id": "v2:T02"}, "stream_id": "32DE"},
    },
    "exotel": {
        "connected": {"event": "connected"},
        "media": {"event": "media", "sequence_number": "3", "stream_sid": "MZ1",
                  "media": {"chunk": "2", "timestamp": "200", "payload": "AAAA"}},
        "dtmf": {"event": "dtmf", "sequence_number": "7", "stream_sid": "MZ1",
                 "dtmf": {"digit": "5", "duration": "100"}},
        "mark": {"event": "mark", "sequence_number": "15", "stream_sid": "MZ1", "mark": {"name": "a"}},
        "stop": {"event": "stop", "sequence_number": "20", "stream_sid": "MZ1",
                 "stop": {"call_sid": "CA1", "account_sid": "AC1", "reason": "callended"}},
    },
    "vonage": {
        "connected": {"event": "websocket:connected", "content-type": "audio/l16;rate=16000",
                      "prop1": "value1"},
        "dtmf": {"event": "websocket:dtmf", "digit": "5", "duration": 260},
        "mark": {"event": "websocket:notify", "payload": {"customKey": "customValue"}},
    },
}  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
def test_frames_have_the_members_of_the_documents_examples(vendor: str) -> None:
    """No more, no fewer, of the same types; and our values in the right places."""
    ours, wanted = mouth(vendor), EXAMPLES[vendor]
    dtmf, mark = read(ours.dtmf("5", 10**9)), read(ours.mark(Mark("a", '{"customKey":"a"}')))
    assert shape(dtmf) == shape(wanted["dtmf"])
    assert shape(mark) == shape(wanted["mark"])
    assert "5" in (dtmf.get("digit"), dtmf.get("dtmf", {}).get("digit"))
    assert (ours.stop() is None) == ("stop" not in wanted)
    if "stop" in wanted:
        assert shape(read(ours.stop())) == shape(wanted["stop"])
        media = next(frame for _ in range(5) if (frame := ours.audio("note")))
        assert shape(read(media)) == shape(wanted["media"])


@pytest.mark.parametrize("vendor", VENDORS)
def test_calls_introduce_themselves_as_synthetic(vendor: str) -> None:
    """Where each vendor has it; the first frame is as documented."""
    first, *rest = Mouth(dialect_of(vendor), "CA1", "MZ1").opening(GIVEN)
    wanted = EXAMPLES[vendor]["connected"]
    assert {name: read(first)[name] for name in wanted if name != "prop1"} == {
        name: value for name, value in wanted.items() if name != "prop1"
    }
    start = read(rest[0])["start"] if rest else read(first)
    given = start.get("customParameters") or start.get("custom_parameters") or start
    assert {name: given[name] for name in GIVEN} == GIVEN
    assert "CA1" in (
        start.get("callSid"),
        start.get("call_control_id"),
        start.get("call_sid"),
        start.get("call"),
    )


def test_twilio_is_as_it_was_byte_for_byte() -> None:
    """What earlier drills sent, drills send."""
    ours = Mouth(dialect_of("twilio"), "CA1", "MZ1")
    connected, start = ours.opening(GIVEN)
    assert connected == b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
    assert start == (
        b'{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC00000000000000000000000000000000",'
        b'"streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",'
        b'"sampleRate":8000,"channels":1},"customParameters":{"patient":"synthetic-0042","synthetic":"1",'
        b'"drill_id":"run-1"}},"streamSid":"MZ1"}'
    )
    ours._sequence = 6
    assert ours.dtmf("1", 0) == (
        b'{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"7","dtmf":{"track":"inbound_track","digit":"1"}}'
    )
    assert ours.mark(Mark('a"\u00e9')) == (
        b'{"event":"mark","sequenceNumber":"8","streamSid":"MZ1","mark":{"name":"a\\"\\u00e9"}}'
    )
    for intent, digest in TWILIO_MEDIA.items():
        ours._sequence, ours._chunk, ours._at_ms = 11, 9, 180
        assert hashlib.sha256(ours.audio(intent) or b"").hexdigest()[:16] == digest


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_tables_comment_names_its_source(vendor: str) -> None:
    """A public document."""
    assert re.search(r"^# Source: https://", (TABLES / f"{vendor}.yaml").read_text(), re.MULTILINE)


def test_exotel_sends_100_ms_of_16_bit_audio_at_a_time() -> None:
    """1600 bytes: half a frame of silence, then a tone; the stamp is that of the chunk's begin."""
    ours = mouth("exotel")
    said: list[str | None] = [None, None, "chat", "chat", "chat"]
    frames = [ours.audio(intent) for intent in said * 2]
    assert [bool(frame) for frame in frames] == [False, False, False, False, True] * 2
    media = read(frames[9])["media"]
    audio = base64.b64decode(media["payload"])
    assert (media["chunk"], media["timestamp"], len(audio)) == ("2", "100", 1600)
    assert dialect_of("exotel").encoding.is_silent(audio[:640])
    assert not dialect_of("exotel").encoding.is_silent(audio[640:960])


@pytest.mark.parametrize("intent", [None, *TONES_HZ])
def test_vonage_sends_640_bytes_in_a_binary_message(intent: str | None) -> None:
    """A tone of f Hz changes sign 2f times a second; the same message every time."""
    ours = mouth("vonage")
    frame = ours.audio(intent)
    assert isinstance(frame, Binary)
    assert ours.audio(intent) is frame
    samples = [int.from_bytes(frame[at : at + 2], "little", signed=True) for at in range(0, 640, 2)]
    changes = sum((a < 0) != (b < 0) for a, b in zip(samples, [*samples[1:], samples[0]], strict=True))
    assert changes == (2 * TONES_HZ[intent] * FRAME_MS // 1000 if intent else 0)


AGENT_SAYS: list[tuple[str, bytes, Any]] = [
    ("twilio", b'{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}', Audio(b"\xff\x7f")),
    ("twilio", b'{"event":"clear","streamSid":"MZ1"}', Clear()),
    ("telnyx", b'{"event":"media","media":{"payload":"/38="}}', Audio(b"\xff\x7f")),
    ("telnyx", b'{ "event": "mark", "mark": { "name": "some_mark_name" } }', Mark("some_mark_name")),
    ("telnyx", b'{ "event": "clear" }', Clear()),
    ("exotel", b'{"event":"media","stream_sid":"MZ1","media":{"payload":"AEA="}}', Audio(b"\x00\x40")),
    ("exotel", b'{"event":"mark","stream_sid":"MZ1","mark":{"name":"a"}}', Mark("a")),
    ("exotel", b'{"event":"clear","stream_sid":"MZ1"}', Clear()),
    ("vonage", Binary(b"\x00\x40" * 320), Audio(b"\x00\x40" * 320)),
    ("vonage", Binary(b'{"action":"clear"}  '), Audio(b'{"action":"clear"}  ')),
    ("vonage", b'{"action":"notify","payload":{"name":"a","n":1}}', Mark("a", '{"name":"a","n":1}')),
    ("vonage", b'{"action":"clear"}', Clear()),
    ("vonage", b'{"action":"something new"}', None),
]


@pytest.mark.parametrize(("vendor", "message", "wanted"), AGENT_SAYS)
def test_what_the_documents_let_an_application_send_is_understood(
    vendor: str, message: bytes, wanted: object
) -> None:
    """And nothing else is made of it."""
    assert dialect_of(vendor).parse(message) == wanted


HOSTILE = [
    b"", b"\x00", b"[]", b"{}", b"null", b"[" * 100_000, b'{"event":"media"}', b'{"action":"notify"}',
    b'{"event":"mark","mark":{"name":' + b'"x"' * 2, b'{"event":"media","media":{"payload":"====="}}',
    b'{"event":"media","media":{"payload":17}}', b'{"action":"notify","payload":{"other":1}}',
    b'{"action":"notify","payload":{"name":"a","rest":"' + b"x" * 2000 + b'"}}',
    b'{"event":{"a":[]},"action":["clear"]}', b'{"event":"media","media":{"payload":"AAAAA',
]  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("message", HOSTILE)
def test_hostile_messages_are_refused_or_nothing(vendor: str, message: bytes) -> None:
    """One exception, and no mark or sound out of garbage."""
    try:
        assert dialect_of(vendor).parse(message) in (None, Audio(b""))
    except DialectError as error:
        assert vendor in str(error)
        assert len(str(error)) < 300


def test_loudness_of_16_bit_audio() -> None:
    """Faint noise and a byte too many are silence."""
    encoding = dialect_of("vonage").encoding
    assert encoding.is_silent(b"")
    assert encoding.is_silent(b"\xff\x00\x01\xff" * 99 + b"\x7f")
    assert not encoding.is_silent(b"\x00\x00" * 99 + b"\x00\x01")
    assert not encoding.is_silent(b"\x00\x00" * 99 + b"\x00\x80")


@pytest.mark.parametrize(("vendor", "ns"), [("twilio", 125_000), ("exotel", 62_500), ("vonage", 31_250)])
def test_a_byte_is_played_for(vendor: str, ns: int) -> None:
    """20 ms are 160, 320 and 640 bytes."""
    assert dialect_of(vendor).encoding.ns_per_byte == ns


# --- tables that are not right -----------------------------------------------------------------


def refused(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is said of Twilio's table with these changes, without the file's name."""
    text = (TABLES / "twilio.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(DefinitionError) as caught:
        dialect_of(str(file))
    assert all(re.match(rf"{re.escape(str(file))}:\d+: ", mistake) for mistake in caught.value.mistakes)
    return [mistake.split(": ", 1)[1] for mistake in caught.value.mistakes]


def test_all_mistakes_of_a_table_are_told_at_once(tmp_path: Path) -> None:
    """Unknown keys, unknown places, and values that cannot be."""
    said = refused(
        tmp_path,
        ("rate: 8000", "rate: 44100"),
        ("frame: 20ms", "frame: 30ms"),
        ("  clear: clear", "  clear: clear\n  hangup: bye"),
        ("<digit>", "<key>"),
    )
    assert len(said) == 4
    assert "8000 or 16000" in said[0]
    assert "multiple of 20ms" in said[1]
    assert "no place <key>" in said[2]
    assert "unknown key 'hangup' in agent" in said[3]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (('\'{"event":"connected"', '\'{"event":'), "not a JSON object"),
        (('"payload":"<payload>"', '"payload":""'), "lacks the place <payload>"),
        (("  payload: media.payload\n", ""), "lacks the key 'payload'"),
        (('{"name":"<name>"}', "{}"), "lacks a place <name> or <echo>"),
        (('{"name":"<name>"}', "<echo>"), "agent.echo does not say"),
        (("dialect: twilio", ""), "lacks the key 'dialect'"),
        (("cleared_marks: returned", "cleared_marks: maybe"), "returned or forgotten"),
    ],
)
def test_what_could_not_be_spoken_is_refused(tmp_path: Path, change: tuple[str, str], wanted: str) -> None:
    """With a word on what to write."""
    (said,) = refused(tmp_path, change)
    assert wanted in said


def test_a_table_of_ones_own_is_a_dialect(tmp_path: Path) -> None:
    """Beside the locustfile that names it."""
    (tmp_path / "own.yaml").write_text(
        (TABLES / "twilio.yaml").read_text().replace("dialect: twilio", "dialect: own")
    )
    assert dialect_of("own.yaml", tmp_path).name == "own"


def test_a_dialect_is_chosen_by_the_environment(tmp_path: Path) -> None:
    """Twilio unless told otherwise; what nobody speaks is refused with the nearest that somebody does."""
    told = {"DRILL_EDGE": "ws://127.0.0.1:1/media"}
    assert from_environ(told, tmp_path).dialect.name == "twilio"
    assert from_environ(told | {"DRILL_DIALECT": "vonage"}, tmp_path).dialect.name == "vonage"
    with pytest.raises(DefinitionError, match=r"DRILL_DIALECT: no dialect 'twillio'; did you mean 'twilio'"):
        from_environ(told | {"DRILL_DIALECT": "twillio"}, tmp_path)
