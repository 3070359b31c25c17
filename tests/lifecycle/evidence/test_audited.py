"""Nobody is alarmed by the evidence that runs leave, however they end and whoever brings them home."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lifecycle.evidence.test_run_evidence import ENDS, failing_aloud
from tests.lifecycle.fakes import Nodes, World, succeeding, training
from tfinfra.auditing.audit import audited
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.run_files import Auditor
from tfinfra.lifecycle.auditing.read_run import read_run
from tfinfra.store import MemoryStore, keys


def found(run: Path) -> list[Finding]:
    audit = audited(read_evidence(read_run(run, str(run)), Auditor()))
    told = [each for each in audit.findings if each.verdict is not Verdict.UNVERIFIABLE]
    return [each for each in told if each.rule != "TFA207"]  # the clock of World is not that of its event log


def ending_later(nodes: Nodes) -> Nodes:
    """The same, at the time of a run that begins when World says."""

    def played(store: MemoryStore) -> None:
        nodes(store)
        if (data := store.get(keys.OUTCOME)) is not None:
            store.put(keys.OUTCOME, json.dumps({**json.loads(data), "ended": 1005.0}).encode())

    return played


@ENDS
@pytest.mark.parametrize("nodes", [succeeding, failing_aloud, training])
def test_the_evidence_of_a_run_is_in_line(ends: Callable[[World], Path], nodes: Nodes, tmp_path: Path) -> None:
    assert found(ends(World(tmp_path, ending_later(nodes))).parent) == []
