"""The bytes of a run's evidence → one value, and all that keeps a file of it from being read. Nothing here raises:
whatever anybody wrote into a file is a finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tfinfra.auditing.baseline import PartBaseline
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.forms import STATEMENT, is_too_deep, keys_beside, keys_beyond_schema, unknown_keys
from tfinfra.auditing.loosely import mapping
from tfinfra.auditing.records import Event, LedgerRead, NodeDocument, NodeRead, StackRead, UnreadBaseline
from tfinfra.auditing.run_files import LARGEST, Auditor, RunFiles, in_run
from tfinfra.auditing.statement_read import Statement, read_statement
from tfinfra.documents.published import schema
from tfinfra.evidence import names
from tfinfra.evidence.sums import BadSums, read_sums
from tfinfra.model import Plan, Unfit, decode, from_json, parse, to_json
from tfinfra.tuning.journal import Entry, replay
from tfinfra.version import __version__

T = TypeVar("T")
FORM, UNKNOWN_KEY = "TFA120", "TFA121"
_NODE = re.compile(rf"{names.NODES}/(0|[1-9][0-9]{{0,5}})\.json")


@dataclass(frozen=True)
class Evidence:
    """What an audit looks at. A document that is missing, or cannot be read, is None, or empty: `faults` has said so.
    `run` is run.json as JSON, with moments as text; `bill` is the bill of materials as JSON; `journal` are
    the lines of a tune's, None where there is none."""

    files: RunFiles
    auditor: Auditor
    statement: Statement | None = None
    plan: Plan | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    ledger: LedgerRead | None = None
    stacks: Mapping[str, StackRead] | None = None
    baseline: Mapping[str, PartBaseline | UnreadBaseline] | None = None
    bill: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    journal: tuple[bytes, ...] | None = None
    nodes: tuple[NodeRead, ...] = ()
    sums: Mapping[str, str] | None = None
    log_sums: Mapping[str, str] | None = None
    source_sums: Mapping[str, str] | None = None
    faults: tuple[Finding, ...] = ()

    @property
    def run_id(self) -> str | None:
        """The run that the statement is about."""
        return self.statement.run if self.statement is not None else None

    @property
    def run_beside(self) -> Mapping[str, Any]:
        """run.json beside the outputs, which no digest is about; empty where it is no object."""
        try:
            return mapping(parse(self.files.beside.get(names.RUN, b"")))
        except Unfit:
            return {}

    def called(self, event: str) -> tuple[Event, ...]:
        """The events of that name, in the order of the log."""
        return tuple(each for each in self.events if each.name == event)


Check = Callable[[Evidence], Iterator[Finding]]
"""Yields what is wrong in the evidence by its rules."""


def read_evidence(files: RunFiles, auditor: Auditor) -> Evidence:
    """All of it that can be read."""
    reader = _Reader(files.evidence)
    statement = reader.json(names.STATEMENT, read_statement)
    reader.other_release = statement is not None and statement.tfinfra != __version__
    plan = reader.plan(statement)
    if statement is not None:
        reader.unknown(names.STATEMENT, unknown_keys(statement.document, STATEMENT))
    return Evidence(
        files=files,
        auditor=auditor,
        statement=statement,
        plan=plan,
        run=reader.json(names.RUN, _run_document) or {},
        ledger=reader.value(names.LEDGER, LedgerRead),
        stacks=reader.json(names.STACKS, _stacks),
        baseline=reader.json(names.BASELINE, _baseline),
        bill=reader.json(names.BILL, _mapping) or {},
        events=reader.events(),
        journal=reader.journal(),
        nodes=tuple(reader.nodes()),
        sums=reader.sums(names.SUMS),
        log_sums=reader.sums(names.LOG_SUMS),
        source_sums=reader.sums(names.SOURCE_SUMS),
        faults=tuple(reader.faults),
    )


class _Reader:
    """Reads files by their names in audit/; `faults` has what is wrong with them so far."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.faults: list[Finding] = []
        self.other_release = False

    def json(self, name: str, read: Callable[[Any], T]) -> T | None:
        """What `read` makes of the JSON in a file, None where there is none or it is not of that form."""
        if name not in self._files:
            return None
        try:
            return self._parsed(name, self._files[name], read)
        except Unfit as error:
            self.say(name, str(error))
            return None

    def _parsed(self, name: str, data: bytes, read: Callable[[Any], T]) -> T:
        document = parse(data, LARGEST)
        if is_too_deep(document):
            raise Unfit("it is nested too deeply")
        value = read(document)
        if isinstance(document, dict):
            self.unknown(name, _unknown(name, document, value))
        return value

    def plan(self, statement: Statement | None) -> Plan | None:
        """The plan in the statement. One that this release cannot read is another's, or none."""
        if statement is None or statement.plan is None:
            return None
        try:
            plan = from_json(Plan, statement.plan)
        except Unfit as error:
            if not self.other_release:
                self.say(names.STATEMENT, f"its plan: {error}")
            return None
        self.unknown(names.STATEMENT, keys_beside(statement.plan, to_json(plan), "plan"))
        return plan

    def value(self, name: str, kind: type[T]) -> T | None:
        return self.json(name, lambda document: from_json(kind, document))

    def sums(self, name: str) -> Mapping[str, str] | None:
        if name not in self._files:
            return None
        try:
            return read_sums(self._files[name])
        except BadSums as error:
            self.say(name, str(error))
            return None

    def events(self) -> tuple[Event, ...]:
        """Those lines that are events; each other one is a fault."""
        data, found = self._files.get(names.EVENTS, b""), list[Event]()
        if names.EVENTS in self._files and not data:
            self.say(names.EVENTS, "it is empty")
        for number, raw in enumerate(data.splitlines(), 1):
            try:
                found.append(_event(number, raw))
            except Unfit as error:
                self.say(names.EVENTS, str(error), number)
        return tuple(found)

    def journal(self) -> tuple[bytes, ...] | None:
        """The lines of a tune's journal; one that is no entry is a fault, and none of it is there then."""
        data = self._files.get(names.JOURNAL)
        if data is None:
            return None
        try:
            replay(decode(Entry, line) for line in data.splitlines())
        except Unfit as error:
            self.say(names.JOURNAL, str(error))
            return None
        return tuple(data.splitlines())

    def nodes(self) -> Iterator[NodeRead]:
        for name in sorted(name for name in self._files if _NODE.fullmatch(name)):
            document = self.value(name, NodeDocument)
            if document is None:
                continue
            if name != names.node_file(document.node):
                self.say(name, f"node is {document.node}")
            yield NodeRead(document.node, name, document.registration, document.tasks, document.evidence)

    def say(self, name: str, why: str, line: int = 0) -> None:
        at = f", line {line}" if line else ""
        sentence = f"{in_run(name)}{at} is not what it should be: {why}"
        self.faults.append(Finding(FORM, Verdict.CHANGED, in_run(name), sentence, in_run(name), line))

    def unknown(self, name: str, places: Iterator[str]) -> None:
        """One finding for all unknown keys of a file. Another release may have keys that this one does not know."""
        found = list(places)
        if not found:
            return
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        verdict = Verdict.UNVERIFIABLE if self.other_release else Verdict.FOREIGN
        sentence = f"{in_run(name)} has the key '{found[0]}'{more}, which no document of its kind has"
        if self.other_release:
            sentence += f" in tfinfra {__version__}: another release wrote it"
        self.faults.append(Finding(UNKNOWN_KEY, verdict, in_run(name), sentence, in_run(name)))


def _unknown(name: str, document: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The keys of a document that nobody reads. Those of the statement, of the bill and of stacks have rules of their
    own."""
    if name == names.RUN:
        whole = schema("run")
        return keys_beyond_schema(document, whole, whole["$defs"])
    if name in (names.STATEMENT, names.BILL):
        return iter(())
    return keys_beside(document, to_json(value))


def _run_document(document: Any) -> Mapping[str, Any]:
    run = _mapping(document)
    if not isinstance(run.get("run"), str):
        raise Unfit("run is no text")
    return run


def _mapping(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise Unfit("it is no object")
    return document


def _stacks(document: Any) -> Mapping[str, StackRead]:
    return {part: from_json(StackRead, stack) for part, stack in _mapping(document).items()}


def _baseline(document: Any) -> Mapping[str, PartBaseline | UnreadBaseline]:
    return {part: _part_baseline(said) for part, said in _mapping(document).items()}


def _part_baseline(said: Any) -> PartBaseline | UnreadBaseline:
    if isinstance(said, dict) and "unreadable" in said:
        return from_json(UnreadBaseline, said)
    return from_json(PartBaseline, said)


def _event(number: int, raw: bytes) -> Event:
    said = dict(_mapping(parse(raw)))
    if is_too_deep(said):
        raise Unfit("it is nested too deeply")
    kinds = (("seq", int), ("time", str), ("event", str), ("prev", str))
    for key, kind in kinds:
        if type(said.get(key)) is not kind:
            raise Unfit(f"it has no {key}")
    seq, time, name, before = (said.pop(key) for key, _ in kinds)
    return Event(number, raw, seq, time, name, before, said)
