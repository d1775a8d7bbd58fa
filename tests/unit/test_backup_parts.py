"""Backups of the sandbox, as far as they are pure: names in the store, policy, retention, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from drill.sandbox import defects
from drill.sandbox.backups import catalog, retention, settings
from drill.sandbox.backups.settings import Policy
from drill.sandbox.layout import Layout
from drill.sandbox.order import Order
from drill.sandbox.settings import ConfigError

MANIFEST = """{"System-Identifier": 71, "WAL-Ranges":
 [{"Timeline": 2, "Start-LSN": "0/C00028", "End-LSN": "0/D00000"}]}"""


def taken() -> catalog.Taken:
    at = datetime(2026, 11, 25, 7, 0, 0, tzinfo=UTC)
    return catalog.taken("voice", at, at, MANIFEST, "label", 10)


def test_a_log_file_lies_where_barman_looks_for_it() -> None:
    assert catalog.wal_key("voice", "00000001000000000000000C") == (
        "voice/wals/0000000100000000/00000001000000000000000C"
    )
    assert catalog.wal_key("voice", "00000002.history") == "voice/wals/00000002.history"


def test_names_of_log_files_go_on_after_the_last_of_a_log() -> None:
    assert catalog.segment(1, (1 << 32) - 1) == "0000000100000000" + "00000FFF"
    assert catalog.segment(1, 1 << 32) == "0000000100000001" + "00000000"


def test_a_backup_that_ends_on_a_border_needs_no_log_file_after_it() -> None:
    assert "end_wal=00000002000000000000000C\n" in catalog.info(taken(), 180000)


def test_what_is_written_of_a_backup_is_read_back() -> None:
    assert catalog.span(catalog.info(taken(), 180000)) == ("00000002000000000000000C",) * 2


def test_the_newest_backups_are_kept() -> None:
    assert retention.expired(("3", "1", "2"), 2) == ["1"]
    assert retention.expired(("1",), 2) == []


def test_what_is_on_hold_stays_whatever_its_age() -> None:
    assert retention.expired(("4", "1", "3", "2"), 2, {"1"}) == ["2"]


def test_log_files_that_the_oldest_backup_needs_are_kept_whatever_their_timeline() -> None:
    names = ["000000010000000000000004", "000000010000000000000005", "00000002.history"]
    assert retention.useless(names, {"1": ("000000020000000000000005", "")}, 1) == names[:1]


def test_log_files_that_a_backup_on_hold_needs_itself_are_kept() -> None:
    names = [f"0000000100000000000000{n:02X}" for n in range(1, 8)]
    spans = {"1": (names[1], names[2]), "2": (names[3], names[4]), "3": (names[6], names[6])}
    assert retention.useless(names, spans, 1, {"1"}) == [names[0], *names[3:6]]


def test_a_misspelt_setting_of_backups_is_refused() -> None:
    with pytest.raises(ConfigError, match="evry_s"):
        settings.policy({"evry_s": "3"})


def test_each_defect_of_the_policy_spoils_what_it_is_named_for() -> None:
    def spoilt(name: str) -> Policy:
        return settings.spoil(Policy(), frozenset({defects.Defect(name)}))

    assert spoilt("backups-stale").every_s == settings.NEVER_S
    assert spoilt("wrong-retention").keep == 1
    assert spoilt("replicator-lags").lag_s == settings.NEVER_S
    assert spoilt("no-barge-in") == Policy()


def test_a_defect_of_backups_needs_backups() -> None:
    defects.check(["backups-stale"], "lite", backups=True)
    with pytest.raises(ValueError, match="--backups"):
        defects.check(["backups-stale"], "lite")


def test_settings_of_backups_are_not_the_agents() -> None:
    order = Order(0, Path("x"), (), {"stt_ms": "1", "backups.keep": "2"}, "auto", "auto")
    assert (order.agents, order.policy) == ({"stt_ms": "1"}, {"keep": "2"})


def test_addresses_of_backups_are_their_own() -> None:
    claims = Layout(3).claims(cluster=True, backups=True)
    assert len(set(claims.values())) == len(claims)
    assert {"objects one", "objects two", "archiver", "replicator", "vault"} <= set(claims)
