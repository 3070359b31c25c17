"""Parser events → plain data with positions, one event at a time: anchors, aliases and merge keys are resolved here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from tfinfra.errors import Diagnostic, ManifestError, Position, Severity
from tfinfra.manifest.document import Document, KeyPath
from tfinfra.manifest.reading.limits import PAGE, Limits
from tfinfra.manifest.reading.scalars import plain_value
from tfinfra.manifest.reading.source_text import SourceText
from tfinfra.manifest.words.odd_characters import what_is_odd

DEEPEST = 20
NO_ALIAS = "write the value out; a text that begins with * stands in quotes"
_TAGS = {"tag:yaml.org,2002:str", "!", None}
_KNOWN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "map", "seq")}


@dataclass
class Node:
    """A value under construction: `items` are (key node or index, value node) pairs of a mapping or a list."""

    kind: str
    position: Position
    text: str = ""
    plain: bool = False
    items: list[tuple[Node | int, Node]] = field(default_factory=list)
    pending: Node | None = None
    open: bool = True


class TreeBuilder:
    """Takes a parser's events in order; `document` returns the document that they make. Raises ManifestError at the
    first event that a manifest cannot have. `example` is the least that such a file holds, `limits` the most."""

    def __init__(self, source: SourceText, example: str, limits: Limits = PAGE) -> None:
        self._source, self._example, self._limits = source, example, limits
        self._stack: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def take(self, event: Any) -> None:
        """One event of yaml.parse."""
        handler = getattr(self, f"_{type(event).__name__}", None)
        if handler is not None:
            handler(event)

    def document(self) -> tuple[Document, tuple[Diagnostic, ...]]:
        """The document, and what is wrong with it short of being unreadable. Raises ManifestError for no mapping."""
        first = self._source.at(0, 0)
        if self._root is None or (self._root.plain and not self._root.text):
            _fail("TFI110", "the file holds no keys", first, f"write at least `{self._example}`")
        if self._root.kind != "map":
            message = f"the file is a {_NAMES[self._root.kind]}, not a mapping of keys"
            hint = "write `key: value`, with a space after the ':'"
            _fail("TFI110", message, self._root.position, what_is_odd(self._root.text) or hint)
        flat = Flattener(self._limits)
        data = flat.value(self._root, ())
        found = Document(self._source.file, data, flat.keys, flat.values, flat.texts, merged=flat.merged)
        return found, tuple(flat.diagnostics)

    def _DocumentStartEvent(self, event: Any) -> None:  # noqa: N802  named for PyYAML's event
        if self._root is not None:
            position = self._source.position(event.start_mark, event.end_mark)
            hint = "the file is one document: remove the '---' or use two files"
            _fail("TFI107", "a second document begins here", position, hint)

    def _ScalarEvent(self, event: Any) -> None:  # noqa: N802
        plain = event.style in (None, "") and event.tag is None and event.implicit[0]
        node = Node("scalar", self._source.position(event.start_mark, event.end_mark), event.value, plain)
        self._check_tag(event, node.position)
        node.open = False
        self._add(event, node)

    def _MappingStartEvent(self, event: Any) -> None:  # noqa: N802
        self._start("map", event)

    def _SequenceStartEvent(self, event: Any) -> None:  # noqa: N802
        self._start("list", event)

    def _MappingEndEvent(self, event: Any) -> None:  # noqa: N802
        del event
        self._stack.pop().open = False

    _SequenceEndEvent = _MappingEndEvent

    def _AliasEvent(self, event: Any) -> None:  # noqa: N802
        position = self._source.position(event.start_mark, event.end_mark)
        target = self._anchors.get(event.anchor)
        if target is None:
            _fail("TFI113", f"there is no anchor '&{event.anchor}' above", position, NO_ALIAS)
        if target.open:
            _fail("TFI109", f"the anchor '&{event.anchor}' contains itself", position, "write the value out")
        self._place(target)

    def _start(self, kind: str, event: Any) -> None:
        node = Node(kind, self._source.position(event.start_mark, event.end_mark if event.flow_style else None))
        self._check_tag(event, node.position)
        if len(self._stack) >= DEEPEST:
            message = f"values are nested more than {DEEPEST} deep"
            _fail("TFI109", message, node.position, "no key goes so deep")
        self._add(event, node)
        self._stack.append(node)

    def _add(self, event: Any, node: Node) -> None:
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node)

    def _place(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if parent.kind == "list":
            parent.items.append((len(parent.items), node))
        elif parent.pending is None:
            parent.pending = node
        else:
            parent.items.append((parent.pending, node))
            parent.pending = None

    def _check_tag(self, event: Any, position: Position) -> None:
        if event.tag not in _TAGS and event.tag not in _KNOWN_TAGS:
            _fail("TFI111", f"the YAML tag '{event.tag}' is not known here", position, "write a plain value")


class Flattener:
    """A tree of nodes as plain data, with the position and text of everything by path."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.keys: dict[KeyPath, Position] = {}
        self.values: dict[KeyPath, Position] = {}
        self.texts: dict[KeyPath, str] = {}
        self.merged: dict[KeyPath, Position] = {}
        self.diagnostics: list[Diagnostic] = []
        self._count = 0
        self._met: set[int] = set()
        self._again = False

    def value(self, node: Node, path: KeyPath) -> Any:
        """The plain value of `node`, whose path is `path`."""
        self._count += 1
        self._again = self._again or id(node) in self._met
        self._met.add(id(node))
        most = self._limits.values
        if self._count > most or len(path) > 2 * DEEPEST:
            message, hint = f"the file holds more than {most:,} values", "it is meant to be a page of text"
            if self._again:
                message, hint = f"the file's aliases expand to more than {most:,} values", "write the values out"
            _fail("TFI109", message, node.position, hint)
        self.values[path] = node.position
        if node.kind == "scalar":
            self.texts[path] = node.text
            return plain_value(node.text) if node.plain else node.text
        if node.kind == "list":
            return [self.value(child, (*path, i)) for i, (_, child) in enumerate(node.items)]
        return self._mapping(node, path)

    def _mapping(self, node: Node, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: list[tuple[Position, Node]] = []
        for key, child in node.items:
            assert isinstance(key, Node)  # noqa: S101  a mapping's items have nodes for keys
            if key.plain and key.text == "<<":
                merged.extend((key.position, other) for other in _merged_maps(child))
                continue
            self._entry(data, key, child, path)
        # YAML's merge: keys written in the mapping itself win
        for merge, key, child in ((merge, *item) for merge, other in merged for item in other.items):
            assert isinstance(key, Node)  # noqa: S101
            if key.kind == "scalar" and key.text not in data:
                self._entry(data, key, child, path)
                self.merged[(*path, key.text)] = merge
        return data

    def _entry(self, data: dict[str, Any], key: Node, child: Node, path: KeyPath) -> None:
        if key.kind != "scalar":
            self._report("TFI112", f"a {_NAMES[key.kind]} cannot be a key", key.position, "a key is one word")
            return
        if key.text in data:
            first = self.keys[(*path, key.text)].line
            message = f"the key '{key.text}' is written here a second time"
            self._report("TFI108", message, key.position, f"line {first} has it too: keep one")
            return
        self.keys[(*path, key.text)] = key.position
        data[key.text] = self.value(child, (*path, key.text))

    def _report(self, code: str, message: str, position: Position, hint: str) -> None:
        self.diagnostics.append(Diagnostic(code, Severity.ERROR, message, "", position, hint))


_NAMES = {"map": "mapping", "list": "list", "scalar": "single value"}


def _merged_maps(node: Node) -> list[Node]:
    if node.kind == "map":
        return [node]
    maps = [child for _, child in node.items if child.kind == "map"] if node.kind == "list" else []
    if not maps:
        _fail("TFI112", "'<<' takes a mapping's alias", node.position, "write the keys out")
    return maps


def _fail(code: str, message: str, position: Position, hint: str) -> NoReturn:
    raise ManifestError(message, hint, (Diagnostic(code, Severity.ERROR, message, "", position, hint),))
