"""YAML as people expect it: JSON with less punctuation. No aliases, no tags; each value with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from tocsin.errors import InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1_048_576
MAX_DEPTH = 30
_TAG = "tag:yaml.org,2002:"


class Read(NamedTuple):
    """A document, and on which line each value stands, by its path ("rules.0.name")."""

    value: Any
    lines: dict[str, int]


class _Place(NamedTuple):
    line: int
    column: int


class _Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2: "no" and "on" are words, and a date is a text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal(event.start_mark, "anchors and aliases are not read", "Write the value out.")
        if getattr(event, "tag", None):
            raise _refusal(event.start_mark, f"the tag {event.tag!r} is not read", "Leave it out.")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _refusal(event.start_mark, f"it is nested deeper than {MAX_DEPTH}", "Flatten it.")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes what another reader of YAML would take for something else, and repeats what is there twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> Any:
        """In double quotes what holds a line break: in others the dumper loses some of them."""
        style = None if data.isprintable() else '"'
        return self.represent_scalar(f"{_TAG}str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)
for _name, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"~|null|", ["~", "n", ""]),
    ("int", r"[-+]?[0-9]{1,300}", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
):
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(rf"\A(?:{_pattern})\Z"), list(_first))

_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bool": lambda text: text == "true",
    "null": lambda text: None,
    "int": int,
    "float": float,
}


def load(text: bytes) -> Read:
    """The one document of a file. Raises `InvalidInput` with line and column."""
    if len(text) > MAX_BYTES:
        raise invalid("file", f"is larger than {MAX_BYTES} bytes.", "Make several files of it.")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid("file", f"is not UTF-8: {error.reason} at byte {error.start}.", "Convert it.") from None
    try:
        loader = _Loader(decoded)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise _refusal(error.problem_mark or error.context_mark, problem, "") from None
    except yaml.reader.ReaderError as error:
        before = decoded[: error.position]
        place = _Place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        told = f"the character {decoded[error.position]!a} is not read"
        raise _refusal(place, told, "Take it out.") from None
    lines: dict[str, int] = {}
    return Read(None if node is None else _value(node, "", lines), lines)


def dump(value: object) -> str:
    """A file that `load` reads as this value, in the order it is given."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def _value(node: Any, path: str, lines: dict[str, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, _below(path, index), lines) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    made = _SCALARS[node.tag.removeprefix(_TAG)](node.value)
    if isinstance(made, float) and made in (float("inf"), float("-inf")):
        raise _refusal(node.start_mark, f"{node.value[:40]!r} is out of range", "Write it in quotes.")
    return made


def _mapping(node: Any, path: str, lines: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
            raise _refusal(key.start_mark, "a name must be a text", "Put it in quotes.")
        if key.value == "<<":
            raise _refusal(key.start_mark, "merge keys are not read", "Write the values out.")
        if key.value in found:
            raise _refusal(key.start_mark, f"{key.value[:80]!r} is there twice", "Keep one of the two.")
        found[key.value] = _value(value, _below(path, key.value), lines)
    return found


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _refusal(mark: Any, message: str, remedy: str) -> InvalidInput:
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return invalid("file", f"{where}{message}.", remedy)
