"""Every check of an audit bears any JSON value in any record, and any bytes in any file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.auditing.clean import the_key, trusting
from tests.auditing.clouds import attesting
from tests.auditing.locked_run import a_locked_run
from tfinfra.auditing.audit import Audited, audited, fails
from tfinfra.auditing.findings import Verdict
from tfinfra.auditing.origin import bill as of_the_bill
from tfinfra.auditing.origin import whole_bill
from tfinfra.auditing.read_evidence import Evidence, read_evidence
from tfinfra.auditing.rebuild.deploy_folder import deploy_findings
from tfinfra.auditing.record import whose
from tfinfra.auditing.run_files import RunFiles
from tfinfra.evidence import names
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.auditing.read_run import read_run

CHAIN = f"audit/{names.chain_file(0)}"
EVENTS = f"audit/{names.EVENTS}"


@cache
def whole() -> tuple[RunFiles, dict[str, bytes]]:
    """Signed evidence of a locked run, which every check has something to say of; and the bytes of each file that an
    audit reads, by its name in the run's folder."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        run = a_locked_run(Path(folder), patch).write(Path(folder) / "runs", the_key())
        files = read_run(run, "run")
    certificate = attesting().signing.certificate.public_bytes(Encoding.PEM)
    files = replace(files, evidence={**files.evidence, names.chain_file(0): certificate})
    read = {f"audit/{name}": data for name, data in files.evidence.items()}
    return files, {**read, **files.agent_logs, **files.log_times, **files.beside}


def with_file(name: str, data: bytes) -> Audited:
    """The audit of it where the file is another."""
    files, _ = whole()
    changed: dict[str, Any] = {}
    for part in ("agent_logs", "log_times", "beside"):
        if name in (there := getattr(files, part)):
            changed[part] = {**there, name: data}
    if name in files.digests:
        changed["digests"] = {**files.digests, name: sha256(data)}
    if name.startswith("audit/"):
        changed["evidence"] = {**files.evidence, name.removeprefix("audit/"): data}
    return audited(read_evidence(replace(files, **changed), trusting(the_key())))


def told(name: str, audit: Audited) -> bool:
    """Of a change of a file that a digest is about."""
    return name in whole()[0].beside or fails(audit, "error")


ODD: list[Any] = [
    None,
    True,
    -1,
    1e300,
    10**17,
    "",
    "x",
    "\0",
    "\ud800",
    "../../x",
    "9999-12-31T23:59:59Z",
    [],
    {},
    [[]],
    [{}],
]
"""Values that a record may have where none of its kind belongs."""
JSON = st.sampled_from(ODD) | st.recursive(
    st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put(value[path[0]] if len(path) > 1 else None, path[1:], other)
    return copied


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def written(document: Any) -> bytes:
    return json.dumps(document).encode("utf-8", "backslashreplace")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_at_any_place_of_a_document_is_a_finding(data: st.DataObject) -> None:
    _, there = whole()
    documents = [name for name in there if name.endswith((".json", ".sig"))]
    name = data.draw(st.sampled_from(documents))
    document = json.loads(there[name])
    other = put(document, data.draw(st.sampled_from(places(document))), data.draw(JSON))
    if other != document:
        assert told(name, with_file(name, written(other))), name


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_values_in_the_lines_of_the_event_log_are_a_finding(data: st.DataObject) -> None:
    """One field of each line, as the checks look for one event each. Its line stays an event."""
    lines = [json.loads(line) for line in whole()[1][EVENTS].splitlines()]
    for number, line in enumerate(lines):
        fields = [place for place in places(line) if place and place[0] not in ("seq", "time", "event", "prev")]
        if fields:
            lines[number] = put(line, data.draw(st.sampled_from(fields)), data.draw(JSON))
    assert fails(with_file(EVENTS, b"".join(written(line) + b"\n" for line in lines)), "error")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_in_any_file_are_a_finding(data: st.DataObject) -> None:
    _, there = whole()
    name = data.draw(st.sampled_from(sorted(name for name in there if there[name])))
    begin = data.draw(st.integers(0, len(there[name])))
    end = begin + data.draw(st.integers(0, 8))
    changed = there[name][:begin] + data.draw(st.binary(max_size=8)) + there[name][end:]
    if changed != there[name]:
        assert told(name, with_file(name, changed)), name


def _of_another_version(pem: bytes) -> bytes:
    """The certificate, with a version that X.509 does not have."""
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return DER_cert_to_PEM_cert(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)).encode()


def test_every_value_of_the_bill_of_materials_is_held_against_another_record() -> None:
    """Also where whoever edits it writes its digests anew: then that alone tells."""
    evidence = read_evidence(whole()[0], trusting(the_key()))
    for place in filter(None, places(evidence.bill)):
        for other in (None, "x", {"x": None}):
            assert found_in(evidence, put(evidence.bill, place, other)), (place, other)
    for place in [place for place in places(evidence.bill) if isinstance(at(evidence.bill, place), dict)]:
        assert found_in(evidence, put(evidence.bill, (*place, "x"), None)), place


def found_in(evidence: Evidence, bill: Any) -> bool:
    checks = (*whose.CHECKS, *of_the_bill.CHECKS, *whole_bill.CHECKS)
    return any(found for check in checks for found in check(replace(evidence, bill=bill)))


ONES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a task whose name in an agent's log is no text": (
        "nodes/agent-0.log",
        lambda data: data + b"2026-11-30T10:02:00Z INFO w\xff\xfe is succeeded, exit status 0\n",
    ),
    "a resource that is told of as an object": (
        EVENTS,
        lambda data: data.replace(b'"VirtualMachineScaleSet nodes"', b"{}"),
    ),
    "a certificate of a version that there is not": (CHAIN, _of_another_version),
}


@pytest.mark.parametrize("case", ONES)
def test_what_its_check_has_no_word_for_is_a_finding(case: str) -> None:
    name, change = ONES[case]
    data = whole()[1][name]
    assert change(data) != data and fails(with_file(name, change(data)), "error")


def test_bytes_that_are_no_text_differ_from_the_text_that_stands_for_them() -> None:
    (found,) = deploy_findings({"plan.json": "a\ufffd"}, {"plan.json": b"a\xff"}, "the lock")
    assert (found.verdict, found.line) == (Verdict.CHANGED, 1)
