"""What may be written down, and what is taken out of the rest.

Two nets. An allow-list of the journal's fields: names of patients have to be synthetic, ids and digests
have to look like ids and digests, and words of the platform's own are free text. And free text, as well as
all that helper processes print, loses what looks like a secret, and every secret that is known by value:
variables of the environment whose names say so, those that an experiment names, and the store's passwords.

What undoes a fault (`spec`, `prior`) is kept as it is: it holds names and addresses of proxies, and a word
taken out of it would leave a platform broken.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
WITHHELD = "[withheld]"
# Names of further variables that hold secrets, with commas between them.
SECRET_NAMES = "DRILL_SECRETS"  # noqa: S105  # the name of a variable
# A shorter value would be found everywhere.
SHORTEST = 8

FREE_TEXT = frozenset({
    "argv", "detail", "error", "findings", "measured", "operator", "query", "reason", "role", "state",
    "status", "transitions",
})  # fmt: skip
SHAPES: dict[str, re.Pattern[str]] = {
    "patient": re.compile(r"(?:synthetic-[A-Za-z0-9.-]{1,64})?"),
    "digest": re.compile(r"[0-9a-f]{0,128}"),
    **dict.fromkeys(("call", "redial_of", "turn_id", "resource"), re.compile(r"[\w.:=+-]{0,128}", re.ASCII)),
}
# Written by drill itself, from its own words and from names that the definition's files give.
OWN_WORDS = frozenset({
    "apart", "by", "child", "commit", "controls", "damage", "drill", "expects", "fault", "fault_id", "goal",
    "goal_kind", "guard", "hold", "intent", "ledger", "limit", "listing", "name", "outcome", "phase",
    "plan_digest", "prior", "python", "ran", "read_back", "red", "region", "rule", "run_id", "service",
    "source", "spec", "stream", "unit", "utc", "version", "way", "witness", "zone", "zone_state",
})  # fmt: skip

_NAMES = r"(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|authorization|private[_-]?key|cookie)"
_VALUE = r"""(?:(?:bearer|basic|digest)\s+)?(?:"[^"\n]*"|'[^'\n]*'|[^\s"',;&)}\]]+)"""
_SECRETISH = re.compile(rf"(?:^|[_-]){_NAMES}(?:$|[_-])|{_NAMES}$", re.IGNORECASE)
_SIGNS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "a private key",
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    ("a password in an address", re.compile(r"(://[^\s/:@\"']{0,80}:)[^\s/@\"']{1,200}@"), rf"\1{HIDDEN}@"),
    ("an access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), HIDDEN),
    ("a signed token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    ("a bearer token", re.compile(r"\b([Bb]earer|[Bb]asic)\s+(?!\$\{)[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (
        "a secret",
        re.compile(
            rf"""({_NAMES}\b["']?\s*[:=]\s*)(?!["']?(?:(?:bearer|basic|digest)\s+)?(?:[$\s{{]|\[hidden)){_VALUE}""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    ("a social security number", re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), HIDDEN),
)


class Redactor:
    """Cleans text; `values` are secrets known by value."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values if len(value) >= SHORTEST for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """The text without secrets; what is clean comes back as it is."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for _, sign, instead in _SIGNS:
            text = sign.sub(instead, text)
        return text

    def field(self, name: str, value: Any) -> Any:
        """What may be written of a journal's field."""
        if name in SHAPES:
            return value if SHAPES[name].fullmatch(value) else WITHHELD
        if name not in FREE_TEXT or not value:
            return value
        return self.clean(value) if isinstance(value, str) else tuple(self.clean(each) for each in value)


def _forms(value: str) -> Iterator[str]:
    """How a secret may stand in a text: as it is, in an address, in a header."""
    yield from (value, quote(value, safe=""), quote_plus(value), base64.b64encode(value.encode()).decode())


def signs(text: str) -> Iterator[tuple[int, str]]:
    """Line and kind of everything in a text that looks like a secret."""
    for what, sign, _ in _SIGNS:
        for match in sign.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, what


def secretish(name: str) -> bool:
    """Whether a name says that its value is a secret."""
    return _SECRETISH.search(name) is not None


def known(environ: Mapping[str, str], passfile: Path | None = None) -> tuple[str, ...]:
    """Secrets by value: of the environment, and the passwords of a libpq password file, if it can be read."""
    named = {name.strip() for name in environ.get(SECRET_NAMES, "").split(",")}
    values = [value for name, value in environ.items() if name in named or secretish(name)]
    return (*values, *(_passwords(passfile) if passfile is not None else ()))


def _passwords(passfile: Path) -> Collection[str]:
    try:
        lines = passfile.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()  # the guard that needs it says so
    fields = [re.split(r"(?<!\\):", line) for line in lines if line and not line.startswith("#")]
    return [re.sub(r"\\(.)", r"\1", each[4]) for each in fields if len(each) == 5]
