"""A zone's Patroni, told two things that it has no setting for.

    python -m drill.sandbox.patroni_member CONFIG

Timers: Patroni holds 20 s to be the least for its leader's lease. That is wise in production and long
in a rehearsal; the file's own `drill.timers` are put in force as they stand. They still have to obey
Patroni's rule: loop_wait + 2 * retry_timeout <= ttl.

Ways: members publish one address each, and every zone reads the same. Here a zone reads the others'
addresses as those of its own wires to them (`drill.ways`), so that a zone can be cut off at the wires.
Its own address stays as it is: that way crosses nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

# As it is imported, twice in each zone, Patroni reads long tables of parameters: libyaml is quick.
_STOCK = yaml.SafeLoader
yaml.SafeLoader = getattr(yaml, "CSafeLoader", _STOCK)  # type: ignore[misc]  # a class, put back below

from patroni.__main__ import main as patroni_main  # noqa: E402  # it reads the tables right here
from patroni.config import Config  # noqa: E402  # after the loader is set
from patroni.dcs import Member  # noqa: E402  # after the loader is set

yaml.SafeLoader = _STOCK  # type: ignore[misc]  # put back: nobody else asked for another loader


def through(ways: Mapping[str, str], text: str) -> str:
    """A published address as this zone reaches it."""
    for published, way in ways.items():
        text = text.replace(published, way)
    return text


def use_timers(timers: Mapping[str, int]) -> None:
    """Put these in force whatever Patroni's least values are."""

    def as_they_stand(_self: Config, config: dict[str, Any]) -> None:
        config.update(timers)

    Config._validate_and_adjust_timeouts = as_they_stand  # noqa: SLF001  # there is no setting


def use_ways(ways: Mapping[str, str]) -> None:
    """Read other members' addresses as those of the wires to them."""
    read: Callable[..., Member] = Member.from_node

    def from_node(version: Any, name: str, session: Any, value: str) -> Member:
        return read(version, name, session, through(ways, value))

    Member.from_node = staticmethod(from_node)


def main(file: Path) -> None:
    """Become this zone's Patroni."""
    ours = json.loads(file.read_text(encoding="utf-8"))["drill"]
    if ours["timers"]:
        use_timers(ours["timers"])
    use_ways(ours["ways"])
    sys.argv = ["patroni", str(file)]
    patroni_main()


if __name__ == "__main__":  # Patroni starts PostgreSQL from a fresh interpreter that imports this again
    main(Path(sys.argv[1]))
