"""The edge's configuration: every way into a zone is a wire, and the defect takes its eyes."""

from __future__ import annotations

import json

from drill.sandbox import edge
from drill.sandbox.defects import Defect
from drill.sandbox.layout import ZONES, Layout

LAYOUT = Layout(88)
EYES = (
    "health_checks",
    "outlier_detection",
    "close_connections_on_host_health_failure",
    "retry_policy",
)


def test_calls_and_health_checks_go_through_the_wires() -> None:
    """No agent is addressed past the fault proxy: a zone that is cut off is cut off for the edge."""
    text = json.dumps(edge.configuration(LAYOUT))
    for zone in ZONES:
        assert text.count(json.dumps(LAYOUT.voice(zone).port)) == 2  # the call's way, and the health check's
        assert LAYOUT.agent(zone).host not in text


def test_a_lying_edge_neither_looks_nor_lets_go_nor_tries_elsewhere() -> None:
    """The defect: it keeps sending to whatever is configured."""
    honest = json.dumps(edge.configuration(LAYOUT))
    lying = json.dumps(edge.configuration(LAYOUT, frozenset({Defect.HEALTH_CHECK_LIES})))
    for word in EYES:
        assert f'"{word}"' in honest
        assert f'"{word}"' not in lying
