"""The six ways an EHR fails, each made at the links that lead to it.

refused        the link listens no more
blackholed     requests arrive and are worked on, answers vanish: the cruel one, since the
               caller cannot know whether its write was made
slow           every answer takes 4 s
resetting      the answer breaks off after its first bytes
errors         a stand-in answers 503 with an OperationOutcome
wrong-patient  a stand-in relays, and puts another patient into well-formed answers
"""

from __future__ import annotations

from drill.faults import Fault
from drill.faults.link import LinkDown, LinkToxic, LinkUpstream
from drill.faults.toxiproxy import Toxic
from drill.model.target import Link

# Silence as a delay nobody waits for. The toxic named `timeout` would swallow the answer too, but
# lets the end of the stream through, and an EHR that closes after each answer would seem to reset.
SILENCE_MS = 3_600_000
SLOW_MS = 4000
SLOW_JITTER_MS = 200
# Less than the status line and headers of any FHIR answer, more than nothing.
CUT_AFTER_BYTES = 90
TOXIC_NAME = "drill-ehr"
STAND_INS = ("errors", "wrong-patient")
MODES = ("refused", "blackholed", "slow", "resetting", *STAND_INS)


def _toxic(type_: str, **attributes: int) -> Toxic:
    return Toxic(TOXIC_NAME, type_, "downstream", 1.0, tuple(sorted(attributes.items())))


def ehr_fault(mode: str, link: Link, stand_in: str = "") -> Fault:
    """The fault of a mode on one link; `stand_in` is the address the last two modes lead to."""
    match mode:
        case "refused":
            return LinkDown(link.api, link.proxy)
        case "blackholed":
            toxic = _toxic("latency", latency=SILENCE_MS, jitter=0)
            return LinkToxic(link.api, link.proxy, toxic, "timeout")
        case "slow":
            toxic = _toxic("latency", latency=SLOW_MS, jitter=SLOW_JITTER_MS)
            return LinkToxic(link.api, link.proxy, toxic, "slow")
        case "resetting":
            return LinkToxic(link.api, link.proxy, _toxic("limit_data", bytes=CUT_AFTER_BYTES), "reset")
        case "errors":
            return LinkUpstream(link.api, link.proxy, stand_in, "http_5xx")
        case "wrong-patient":
            return LinkUpstream(link.api, link.proxy, stand_in, "wrong_patient")
    raise ValueError(f"{mode!r} is no way an EHR fails; write one of {', '.join(MODES)}")
