"""Whatever anybody writes into evidence is a finding: of a byte that was changed, and of documents that are none."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.auditing.clean import audit_of, clean, the_key, trusting
from tfinfra.auditing.audit import Audited, audited, fails
from tfinfra.auditing.findings import Verdict
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.run_files import RunFiles
from tfinfra.evidence import names
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.auditing.read_run import read_run


@cache
def signed() -> tuple[RunFiles, dict[str, bytes]]:
    """Signed evidence as it was read, and the bytes of all that it is about, by their names in the run's folder."""
    with TemporaryDirectory() as folder:
        run = clean(Path(folder), the_key())
        files = read_run(run, "run")
        beside = {name: (run / name).read_bytes() for name in files.digests}
    return files, {**beside, **{f"audit/{name}": data for name, data in files.evidence.items()}}


def audit(files: RunFiles) -> Audited:
    return audited(read_evidence(files, trusting(the_key())))


def with_file(name: str, data: bytes) -> RunFiles:
    files, _ = signed()
    if name.startswith("audit/"):
        return replace(files, evidence={**files.evidence, name.removeprefix("audit/"): data})
    logs = {name: data} if name in files.agent_logs else {}
    return replace(files, digests={**files.digests, name: sha256(data)}, agent_logs={**files.agent_logs, **logs})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_byte_that_is_changed_in_signed_evidence_is_found(data: st.DataObject) -> None:
    _, there = signed()
    name = data.draw(st.sampled_from(sorted(name for name in there if there[name])))
    at = data.draw(st.integers(0, len(there[name]) - 1))
    by = data.draw(st.integers(1, 255))
    changed = bytearray(there[name])
    changed[at] ^= by
    assert fails(audit(with_file(name, bytes(changed))), "error")


ODD = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 900 + b"1" + b"}" * 900,
    "a number of many digits": b'{"seq": ' + b"9" * 5000 + b"}",
    "bytes": bytes(range(256)),
    "half a pair": b'{"run": "\\ud800"}',
    "a line without an end": b'{"seq": 0',
    "NUL": b"\0" * 100,
    "no sums": b"xyz\n",
}


@pytest.mark.parametrize("odd", ODD)
def test_a_file_that_is_none_is_a_finding_whichever_it_is(odd: str) -> None:
    files, _ = signed()
    for name in files.evidence:
        assert fails(audit(with_file(f"audit/{name}", ODD[odd])), "error"), name


def test_evidence_of_nothing_is_found_missing() -> None:
    found = audit(RunFiles("run", {}))
    assert {each.rule for each in found.findings} >= {"TFA110"} and found.run is None


def _fifo(path: Path) -> None:
    os.mkfifo(path)


LINKS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "an output is a link out of the folder": ("outputs/model.json", lambda p: p.symlink_to("/etc/passwd"), "TFA123"),
    "an output is a link inside": ("outputs/model.json", lambda p: p.symlink_to("model/weights.h5"), "TFA123"),
    "an output is a pipe": ("outputs/model.json", _fifo, "TFA123"),
    "a file of audit/ is a link": ("audit/ledger.json", lambda p: p.symlink_to("run.json"), "TFA123"),
    "the statement is a link": ("audit/statement.json", lambda p: p.symlink_to("/etc/passwd"), "TFA123"),
    "the copy for people is a link": ("run.json", lambda p: p.symlink_to("/etc/passwd"), "TFA123"),
    "a log is a link": ("tasks/rank-0.log", lambda p: p.symlink_to("/etc/passwd"), "TFA123"),
}


@pytest.mark.parametrize("case", LINKS)
def test_no_link_is_followed_and_no_pipe_is_read(case: str, tmp_path: Path) -> None:
    name, make, code = LINKS[case]
    run = clean(tmp_path, the_key())
    (run / name).unlink()
    make(run / name)
    found = audit_of(run)
    assert code in {each.rule for each in found.findings} and fails(found, "error")
    assert "root:" not in str(found)


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    run = clean(tmp_path, the_key())
    (run / "outputs").rename(tmp_path / "elsewhere")
    (run / "outputs").symlink_to(tmp_path / "elsewhere")
    assert {each.rule for each in audit_of(run).findings} >= {"TFA123", "TFA141"}


def test_what_may_not_be_read_is_said_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, opened = clean(tmp_path, the_key()), os.open

    def refusing(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith("model.json"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr("os.open", refusing)
    told = {each.rule: each for each in audit_of(run).findings}
    assert told["TFA122"].sentence == "outputs/model.json could not be read: permission denied"


def test_a_file_that_is_larger_than_any_evidence_is_a_finding(tmp_path: Path) -> None:
    run = clean(tmp_path, the_key())
    with (run / "audit/events.jsonl").open("r+b") as file:
        file.truncate((64 << 20) + 1)
    assert "TFA120" in {each.rule for each in audit_of(run).findings}


def test_a_folder_that_is_filled_up_is_read_to_its_bound_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, most = clean(tmp_path, the_key()), 1 << 20
    for number in range(9):
        with (run / f"audit/{number}").open("wb") as file:
            file.truncate(most // 4)
    (run / "nodes/agent-0.log").write_bytes(b"x" * (most + 1))
    monkeypatch.setattr("tfinfra.lifecycle.auditing.read_run.MOST", most)
    files = read_run(run, "run")
    assert sum(map(len, files.evidence.values())) <= most and names.STATEMENT in files.evidence
    assert sum(map(len, files.agent_logs.values())) <= most
    told = {(each.rule, each.verdict, each.subject) for each in audit(files).findings}
    assert ("TFA120", Verdict.CHANGED, "audit/8") in told and ("TFA112", Verdict.FOREIGN, "audit/0") in told
    assert ("TFA122", Verdict.UNVERIFIABLE, "nodes/agent-0.log") in told
    assert ("TFA240", Verdict.CHANGED, "nodes/agent-0.log") in told
