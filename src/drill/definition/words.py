"""What the actions of experiments may be told, by action and argument.

Who carries an order out knows its words too; a test holds both against each other.
"""

from __future__ import annotations

from drill.definition.drill_table import CONTROLS
from drill.definition.media import DIRECTIONS, MEDIA_MODES
from drill.definition.needs import SERVICE_MODES, ZONE_MODES
from drill.definition.stages import MODEL_MODES, PARTS, SPEECH_MODES

EHR_MODES = ("refused", "blackholed", "slow", "resetting", "errors", "wrong-patient")
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "ehr_fault": {"mode": EHR_MODES},
    "zone_fault": {"mode": ZONE_MODES},
    "service_fault": {"mode": SERVICE_MODES},
    "media_fault": {"mode": MEDIA_MODES, "direction": DIRECTIONS},
    "speech_fault": {"mode": SPEECH_MODES, "part": PARTS},
    "model_fault": {"mode": MODEL_MODES},
    "restore_backup": {
        "to": ("latest", "time", "name", "lsn"),
        "point": ("newest", "random"),
        "region": ("main", "replica"),
        "controls": CONTROLS,
    },
}
