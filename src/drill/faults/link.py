"""Three ways to hurt a proxied link: switch it off, put a toxic on it, point it elsewhere.

caller -> [fault proxy] -> upstream
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

from drill.faults import World
from drill.faults.toxiproxy import ProxyState, Toxic
from drill.model.errors import WorldError


def _shown(state: ProxyState) -> dict[str, Any]:
    return {"enabled": state.enabled, "upstream": state.upstream, "toxics": [t.name for t in state.toxics]}


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The proxy stops listening: connections are refused."""

    kind: ClassVar[str] = "link-down"
    witness: ClassVar[str] = "refused"
    api: str
    proxy: str

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(**spec)

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self)

    def capture(self, world: World) -> dict[str, Any]:
        """Whether it was enabled."""
        return _shown(world.server(self.api).read(self.proxy))

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault."""
        return _shown(world.server(self.api).set_enabled(self.proxy, enabled=False))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Enabled again only if it was."""
        return _shown(world.server(self.api).set_enabled(self.proxy, enabled=bool(prior["enabled"])))


@dataclass(frozen=True, slots=True)
class LinkToxic:
    """One named toxic on the link; others' toxics stay."""

    kind: ClassVar[str] = "link-toxic"
    api: str
    proxy: str
    toxic: Toxic
    witness: str

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        toxic = dict(spec["toxic"])
        pairs = tuple((str(name), int(value)) for name, value in toxic.pop("attributes"))
        return cls(spec["api"], spec["proxy"], Toxic(**toxic, attributes=pairs), spec["witness"])

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self)

    def capture(self, world: World) -> dict[str, Any]:
        """What is on the link; a toxic of our name there already means somebody else's drill."""
        state = world.server(self.api).read(self.proxy)
        if any(toxic.name == self.toxic.name for toxic in state.toxics):
            raise WorldError(
                f"{self.proxy} already carries a toxic {self.toxic.name!r}: another drill holds it; "
                "run `drill heal` on that run first"
            )
        return _shown(state)

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault."""
        return _shown(world.server(self.api).add_toxic(self.proxy, self.toxic))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Only our toxic goes; others' toxics, also those that came meanwhile, stay."""
        if self.toxic.name in prior["toxics"]:
            raise WorldError(f"{self.proxy} had a toxic {self.toxic.name!r} before; it is left as it is")
        return _shown(world.server(self.api).remove_toxic(self.proxy, self.toxic.name))


@dataclass(frozen=True, slots=True)
class LinkUpstream:
    """The link leads to a stand-in instead of the real upstream."""

    kind: ClassVar[str] = "link-upstream"
    api: str
    proxy: str
    upstream: str
    witness: str

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Inverse of `spec`."""
        return cls(**spec)

    def spec(self) -> dict[str, Any]:
        """See Fault."""
        return asdict(self)

    def to(self, upstream: str) -> Self:
        """The same fault with another stand-in."""
        return replace(self, upstream=upstream)

    def capture(self, world: World) -> dict[str, Any]:
        """Where the link led."""
        return _shown(world.server(self.api).read(self.proxy))

    def apply(self, world: World) -> dict[str, Any]:
        """See Fault."""
        return _shown(world.server(self.api).set_upstream(self.proxy, self.upstream))

    def revert(self, world: World, prior: dict[str, Any]) -> dict[str, Any]:
        """Back to where it led, and on if it was: a change that fails half-way leaves a proxy off."""
        server = world.server(self.api)
        server.set_upstream(self.proxy, str(prior["upstream"]))
        return _shown(server.set_enabled(self.proxy, enabled=bool(prior["enabled"])))
