"""YAML keeps its lines, and whatever could hide a mistake is refused."""

from __future__ import annotations

import pytest

from drill.definition.experiment import plain
from drill.definition.yaml_nodes import parse_yaml
from drill.model.errors import DefinitionError


def test_values_know_the_line_of_their_key() -> None:
    """A value below its key is still found by the key."""
    root = parse_yaml("a: 1\nb:\n  c:\n    - x\n    - y\n", "f")
    assert (root.value["a"].line, root.value["b"].value["c"].line) == (1, 3)
    assert [item.line for item in root.value["b"].value["c"].value] == [4, 5]


def test_merge_keys_and_aliases_work() -> None:
    """Anchors are YAML's own way not to repeat oneself; own keys win over merged ones."""
    root = parse_yaml("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\n", "f")
    assert plain(root) == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}, "z": {"a": 1, "b": 2}}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: the key 'a' is there already, in line 1; keep one of them"),
        ("a: 2026-01-01\n", "f:1: '2026-01-01' is neither text nor a plain number; write it in quotes"),
        ("a: 2026-13-01\n", "f:1: '2026-13-01' cannot be (month must be in 1..12); write it in quotes"),
        ("a: .nan\n", "f:1: '.nan' is neither text nor a plain number; write it in quotes"),
        ("1: a\n", "f:1: a key is not text; write it in quotes"),
        ("? [a]\n: b\n", "f:1: a key is not text; write it in quotes"),
        ("a: &a [*a]\n", "f:1: an alias holds itself; write the value out"),
        ("a: [1\n", "f:2: is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n---\nb: 2\n", "f:2: is not YAML: but found another document"),
        ("a: \x07\n", "f:1: is not YAML: unacceptable character #x0007: special characters are not allowed"),
        ("[" * 5000, "f:1: is nested too deeply to be meant; write it flatter"),
    ],
)
def test_what_is_refused(text: str, mistake: str) -> None:
    """One message with its line for each."""
    with pytest.raises(DefinitionError) as error:
        parse_yaml(text, "f")
    assert error.value.mistakes == (mistake,)


def test_tags_build_no_objects() -> None:
    """A file can never run code by being read."""
    with pytest.raises(DefinitionError, match="f:1: is not YAML: could not determine a constructor"):
        parse_yaml("a: !!python/name:os.getpid x\n", "f")


def test_multiplying_aliases_end() -> None:
    """Nine lines of aliases stand for a billion values; reading them stops early."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(DefinitionError, match="holds more than 50000 values, counting aliases"):
        parse_yaml("\n".join(lines), "f")
