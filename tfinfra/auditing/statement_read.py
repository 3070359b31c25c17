"""What a statement says, as one value: of JSON that anybody may have written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.evidence import names
from tfinfra.evidence.statement import BUILD_TYPE, BUILDER, PROVENANCE, STATEMENT_TYPE
from tfinfra.model import Unfit

Described = Mapping[str, Any]
"""An in-toto resource descriptor."""


@dataclass(frozen=True)
class EventsNote:
    """What a statement says of the event log: the digest of its last line, and how many it has."""

    head: str
    lines: int


@dataclass(frozen=True)
class Statement:
    """`subjects` and `byproducts` are digests by name, as they are written; `twice` names that come more than once;
    `notes` are the annotations of by-products by name; `dependencies` the resource descriptors; `given` is the lock or
    the manifest, `plan` the plan as JSON, None where there is none. `missing` says what could not be had. Times are
    text as it stands there."""

    run: str
    tfinfra: str
    subjects: Mapping[str, str]
    byproducts: Mapping[str, str]
    twice: tuple[str, ...]
    notes: Mapping[str, Mapping[str, Any]]
    dependencies: tuple[Described, ...]
    given: Described | None
    locked: bool
    plan: Mapping[str, Any] | None
    missing: tuple[str, ...]
    started: str
    finished: str | None
    document: Mapping[str, Any] = field(repr=False)

    @property
    def events(self) -> EventsNote | None:
        note = self.notes.get(names.EVENTS, {})
        head, lines = note.get("head"), note.get("lines")
        return EventsNote(head, lines) if isinstance(head, str) and isinstance(lines, int) else None

    def lacks(self, said: str) -> bool:
        """Whether it says of what stands before the colon of `said` that it could not be had, for whatever reason."""
        return any(why.startswith(f"{said.partition(':')[0]}:") for why in self.missing)


def read_statement(document: Any) -> Statement:
    """The statement that the JSON is. Raises Unfit, with the place."""
    whole = _object(document, "it")
    for key, kind in (("_type", STATEMENT_TYPE), ("predicateType", PROVENANCE)):
        _same(whole.get(key), kind, key)
    predicate = _object(whole.get("predicate"), "predicate")
    definition = _object(predicate.get("buildDefinition"), "buildDefinition")
    details = _object(predicate.get("runDetails"), "runDetails")
    _same(definition.get("buildType"), BUILD_TYPE, "buildType")
    builder = _object(details.get("builder"), "builder")
    _same(builder.get("id"), BUILDER, "builder.id")
    metadata = _object(details.get("metadata"), "metadata")
    external = _object(definition.get("externalParameters"), "externalParameters")
    internal = _object(definition.get("internalParameters"), "internalParameters")
    subject = _list(whole.get("subject"), "subject", _named)
    byproducts = _list(details.get("byproducts"), "byproducts", _named)
    written = [name for name, _, _ in (*subject, *byproducts)]
    return Statement(
        run=_text(metadata.get("invocationId"), "invocationId"),
        tfinfra=_text(_object(builder.get("version"), "builder.version").get("tfinfra"), "builder.version.tfinfra"),
        subjects={name: digest for name, digest, _ in subject},
        byproducts={name: digest for name, digest, _ in byproducts},
        twice=tuple(sorted(name for name, times in Counter(written).items() if times > 1)),
        notes={name: note for name, _, note in byproducts},
        dependencies=_list(definition.get("resolvedDependencies"), "resolvedDependencies", _object),
        given=None if external.get("manifest") is None else _object(external["manifest"], "manifest"),
        locked=external.get("locked") is True,
        plan=None if internal.get("plan") is None else _object(internal["plan"], "plan"),
        missing=_list(internal.get("missing"), "missing", _text),
        started=_text(metadata.get("startedOn"), "startedOn"),
        finished=None if "finishedOn" not in metadata else _text(metadata["finishedOn"], "finishedOn"),
        document=whole,
    )


def _named(value: Any, place: str) -> tuple[str, str, Mapping[str, Any]]:
    """(name, SHA-256, annotations) of a descriptor."""
    described = _object(value, place)
    digest = _text(_object(described.get("digest"), f"{place}.digest").get("sha256"), f"{place}.digest.sha256")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise Unfit(f"{place}.digest.sha256 is no SHA-256")
    note = described.get("annotations", {})
    return _text(described.get("name"), f"{place}.name"), digest, _object(note, f"{place}.annotations")


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"{place} is no object")
    return value


def _list(value: Any, place: str, item: Callable[[Any, str], Any]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Unfit(f"{place} is no list")
    return tuple(item(each, f"{place}[{index}]") for index, each in enumerate(value))


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{place} is no text")
    return value


def _same(value: Any, expected: str, place: str) -> None:
    if value != expected:
        raise Unfit(f"{place} is not {expected}")
