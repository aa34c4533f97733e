"""A YAML document as plain data, with the place of every key and value in it.

It reads the nodes that PyYAML composes and knows nothing of PyYAML itself.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead from the document to a value."""

MAX_NODES = 100_000
"""Values a document may have once its aliases are spread out."""
MAX_DEPTH = 40
"""Levels of nesting."""

_TAG = "tag:yaml.org,2002:"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?([0-9]{1,17}\.[0-9]{0,17}|\.[0-9]{1,17}|[0-9]{1,17}(\.[0-9]{0,17})?[eE][-+]?[0-9]{1,2})")
_WORDS: dict[str, Any] = {"": None, "~": None} | {
    form: meaning
    for word, meaning in (("null", None), ("true", True), ("false", False))
    for form in (word, word.title(), word.upper())
}


class Point(Protocol):
    """A place in the text, counted from 0."""

    line: int
    column: int


class Node(Protocol):
    """A node of PyYAML: `value` is text, a list of nodes, or a list of pairs of nodes."""

    tag: str
    value: Any
    start_mark: Point
    end_mark: Point


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, lines and columns from 1.

    Attributes:
        key: line and column of its key; of the value itself in a list.
        value: line and column of the value.
        end: line and column after the value.
        written: the text as written, where `${}` made another of it; else None.
    """

    key: tuple[int, int]
    value: tuple[int, int]
    end: tuple[int, int]
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong in the text itself: a code, a place, a sentence."""

    code: str
    at: tuple[int, int]
    message: str
    path: Path = ()
    hint: str = ""


@dataclass(slots=True)
class Document:
    """Data with places.

    Attributes:
        data: dicts, lists, strings, numbers, booleans and None.
        places: the place of each value by its path.
        troubles: what was wrong with the text.
        expanded: values that `${}` brought in.
        broken: the data is not whole and not worth judging.
    """

    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    expanded: set[str] = field(default_factory=set)
    broken: bool = False

    def place(self, path: Path) -> Place:
        """Return the place of the longest beginning of `path` that stands in the text."""
        for length in range(len(path), -1, -1):
            if found := self.places.get(path[:length]):
                return found
        return Place((1, 1), (1, 1), (1, 1))


def read(root: Node | None, environ: Mapping[str, str]) -> Document:
    """Turn composed nodes into data; `${NAME}` and `${NAME:-default}` are replaced from `environ`."""
    document = Document()
    if root is not None:
        document.data = _Reader(document, environ).value(root, (), None, 0)
    return document


def scalar(text: str, *, plain: bool) -> Any:
    """Return what a scalar means: words and numbers only where it is written without quotes.

    Dates, `yes`, `on`, `0x10` and `1:30` stay text, as in YAML 1.2.
    """
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


class _Reader:
    """Walks the nodes once, spreading aliases out under a limit."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ
        self.open: set[int] = set()
        self.seen = 0

    def value(self, node: Node, path: Path, key: Node | None, depth: int) -> Any:
        start = _at(node.start_mark)
        self.document.places[path] = Place(_at(key.start_mark) if key else start, start, _at(node.end_mark))
        self.seen += 1
        if id(node) in self.open or depth > MAX_DEPTH or self.seen > MAX_NODES:
            if not any(trouble.code == "BB117" for trouble in self.document.troubles):
                self.trouble("BB117", start, self.endless(node, depth), path)
            self.document.broken = True
            return None
        if isinstance(node.value, str):
            return self.text(node, path, start)
        self.open.add(id(node))
        made = self.mapping(node, path, depth) if _is_mapping(node) else self.sequence(node, path, depth)
        self.open.discard(id(node))
        self.tag(node, path, "map" if _is_mapping(node) else "seq")
        return made

    def endless(self, node: Node, depth: int) -> str:
        if id(node) in self.open:
            return "this alias leads back to itself; write the value out"
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH} levels"
        return f"more than {MAX_NODES:,} values once the aliases are spread out; write fewer aliases"

    def sequence(self, node: Node, path: Path, depth: int) -> list[Any]:
        return [self.value(item, (*path, index), None, depth + 1) for index, item in enumerate(node.value)]

    def mapping(self, node: Node, path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: list[Node] = []
        for key, item in node.value:
            if not isinstance(key.value, str):
                self.trouble("BB114", _at(key.start_mark), "a key is a plain name, not a list or a mapping", path)
            elif key.tag == f"{_TAG}merge":
                merged += [item] if _is_mapping(item) else item.value if isinstance(item.value, list) else []
            elif key.value in lines:
                message = f"key '{key.value[:64]}' is given twice; first on line {lines[key.value]}"
                self.trouble("BB113", _at(key.start_mark), message, (*path, key.value))
            else:
                lines[key.value] = _at(key.start_mark)[0]
                made[key.value] = self.value(item, (*path, key.value), key, depth + 1)
        for other in merged:
            if _is_mapping(other) and id(other) not in self.open:
                self.open.add(id(other))
                for name, item in self.mapping(other, path, depth + 1).items() if depth < MAX_DEPTH else ():
                    made.setdefault(name, item)
                self.open.discard(id(other))
        return made

    def text(self, node: Node, path: Path, start: tuple[int, int]) -> Any:
        plain = not getattr(node, "style", None)
        self.tag(node, path, *("str", "int", "float", "bool", "null", "timestamp", "value", "merge"))
        text = node.value
        if "${" not in text:
            return scalar(text, plain=plain)

        def replace(match: re.Match[str]) -> str:
            name, default = match.groups()
            found = self.environ.get(name) or default
            if found is None:
                message = f"environment variable {name} is not set; set it or write ${{{name}:-default}}"
                self.trouble("BB111", start, message, path)
                return ""
            if name in self.environ:
                self.document.expanded.add(found)
            return found

        made = _VARIABLE.sub(replace, text)
        place = self.document.places[path]
        self.document.places[path] = Place(place.key, place.value, place.end, written=text)
        return scalar(made, plain=plain)

    def tag(self, node: Node, path: Path, *known: str) -> None:
        if not node.tag.startswith(_TAG) or node.tag.removeprefix(_TAG) not in known:
            self.trouble("BB118", _at(node.start_mark), "tags such as !name are not used here; leave it out", path)

    def trouble(self, code: str, at: tuple[int, int], message: str, path: Path) -> None:
        self.document.troubles.append(Trouble(code, at, message, path))


def _is_mapping(node: Node) -> bool:
    return node.tag == f"{_TAG}map" or (
        isinstance(node.value, list) and bool(node.value) and isinstance(node.value[0], tuple)
    )


def _at(mark: Point) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1
