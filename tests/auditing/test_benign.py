"""What is no tampering: nothing is said of it, or, where nobody can tell, that alone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.clean import (
    BEGAN,
    FAILED,
    NOTED,
    SUCCEEDED,
    TRIAL,
    TUNED,
    Story,
    a_document,
    a_ledger,
    a_node,
    audit_of,
    chained,
    clean,
    events_of,
    logs_of,
    the_key,
    trusting,
)
from tests.evidence.made import FILES, RUN, a_key
from tfinfra.auditing.findings import Verdict
from tfinfra.evidence.material import NO_BASELINE, NO_EVENTS
from tfinfra.model import to_json

Made = Callable[[Path], Path]


def whole(folder: Path) -> Path:
    return clean(folder, the_key())


def then(change: Callable[[Path], object]) -> Made:
    """Clean evidence, with which that has happened since."""

    def made(folder: Path) -> Path:
        run = whole(folder)
        change(run)
        return run

    return made


def of(story: Story = SUCCEEDED, **changes: Any) -> Made:
    return lambda folder: clean(folder, the_key(), story, **changes)


def moved(folder: Path) -> Path:
    return whole(folder).rename(folder / "kept since 2026")


def touched(run: Path) -> None:
    for path in run.rglob("*"):
        os.utime(path, (0, 0))
        path.chmod(0o700)


def later_down(run: Path) -> None:
    """`tfinfra down` of what was left writes the copy for people anew, and events after those of the evidence."""
    document = json.loads((run / "run.json").read_bytes())
    later = {"phase": "deleted", "left": [], "results": "/elsewhere", "tasks": [], "nodes": []}
    (run / "run.json").write_text(json.dumps({**document, **later}))
    with (run / "events.jsonl").open("ab") as log:
        log.write(b'{"event": "teardown.verified"}\n')


def without_copies(run: Path) -> None:
    (run / "run.json").unlink()
    (run / "events.jsonl").unlink()


def notes(run: Path) -> None:
    (run / "notes.txt").write_text("a good run")
    (run / ".DS_Store").write_bytes(b"\0")
    (run / "outputs/empty").mkdir()


def crlf_key(run: Path) -> None:
    key = run.parent / "key.pub"
    key.write_bytes(key.read_bytes().replace(b"\n", b"\r\n"))


def evicted(folder: Path) -> Path:
    """Node 1 went before it could tell how its task ended; the run was lost with it."""
    lost = a_node(1, FAILED, ended=None)
    record: Any = dict(lost.evidence or {})
    record["attested"] = record["attested"][:1]
    record["tasks"] = [{**record["tasks"][0], "exit_status": None, "ended": None, "started": None}]
    task = {**lost.tasks[0], "exit_status": None, "ended": None, "state": "running"}
    node = replace(lost, evidence=record, attested_after=None, tasks=(task,))
    nodes = (a_node(0, FAILED), node)
    document = a_document(nodes, a_ledger(), FAILED)
    document |= {"task": None, "exit_status": None}
    document["tasks"][1] |= {"state": "lost", "message": "its node was lost"}
    events = [(at, name, {**said, "task": None, "exit_status": None}) for at, name, said in events_of(FAILED)]
    files = {**FILES, "nodes/agent-0.log": logs_of()["nodes/agent-0.log"]}
    return clean(folder, the_key(), FAILED, nodes=nodes, document=document, events=chained(events), files=files)


def restarted(folder: Path) -> Path:
    """Rank 0 ended with 1, was started again in place, and ended with 0."""
    again = b"2026-11-30T10:01:20Z WARNING rank-0 ended with exit status 1: restarting it in place\n"
    log = logs_of()["nodes/agent-0.log"]
    return clean(folder, the_key(), files={**FILES, **logs_of(), "nodes/agent-0.log": again + log})


def of_a_pool(folder: Path) -> Path:
    """Each node of a tune lives trial after trial, each with a rank 0 that ends in its own way."""
    lives = b"2026-11-30T10:01:20Z INFO rank-0 is stopped, exit status 143\n"
    lives += b"2026-11-30T10:01:40Z INFO rank-0 is failed, exit status 1\n"
    logs = {name: data + lives for name, data in logs_of().items() if name.startswith("nodes/")}
    return clean(folder, the_key(), TUNED, files={**FILES, **logs_of(), **logs, **TRIAL})


def skewed(folder: Path) -> Path:
    """The clock of node 0 is half a minute ahead of its cloud's."""
    ahead = a_node(0)
    record: Any = dict(ahead.evidence or {})
    for each in (*record["tasks"], *ahead.tasks):
        each["started"] += 30
        each["ended"] += 30
    record |= {"taken": record["taken"] + 30, "ended": record["ended"] + 30}
    return clean(folder, the_key(), nodes=(replace(ahead, evidence=record), a_node(1)))


def quick(folder: Path) -> Path:
    """The task of node 0 took less than a second: the cloud's documents before and after it are one."""
    times = {"started": BEGAN + 50.4, "ended": BEGAN + 50.8}
    node = a_node(0)
    record: Any = dict(node.evidence or {})
    record |= {"taken": BEGAN + 50.3, "ended": BEGAN + 50.9, "tasks": [{**record["tasks"][0], **times}]}
    before, after = record["attested"]
    asked = [{**before, "asked": BEGAN + 50.2}, {**after, "asked": BEGAN + 50.9, "sha256": before["sha256"]}]
    node = replace(node, evidence={**record, "attested": asked}, tasks=({**node.tasks[0], **times},))
    return clean(folder, the_key(), nodes=(replace(node, attested_after=node.attested), a_node(1)))


def flexible(folder: Path) -> Path:
    """A machine of a Flexible scale set is one of its group's."""
    nodes = []
    for number in range(2):
        node = a_node(number)
        record: Any = dict(node.evidence or {})
        machine = dict(record["machine"])
        head, _, _ = machine["resource_id"].partition("/virtualMachineScaleSets/")
        machine["resource_id"] = f"{head}/virtualMachines/{RUN}-nodes_{number}".replace(
            "resourceGroups", "resourcegroups"
        )
        nodes.append(replace(node, evidence={**record, "machine": machine}))
    return clean(folder, the_key(), nodes=tuple(nodes))


def fetched(folder: Path) -> Path:
    """The run's record was read before its groups were gone, the ledger after: what was open there is closed here."""
    nodes, ledger = (a_node(0), a_node(1)), a_ledger()
    document = a_document(nodes, ledger)
    opened = [{**each, "end": None} for each in document["ledger"]]
    return clean(folder, the_key(), document={"ledger": opened, "usd": 0.01})


def corrected(folder: Path) -> Path:
    """The client's clock was an hour ahead until the cloud answered."""
    events = [(3595.0, "prepare.begin", {}), (-3.0, "prepare.end", {"seconds": 2.0}), *events_of()[1:]]
    return clean(folder, the_key(), events=chained(events))


def still_billed(folder: Path) -> Path:
    """What was left was billed until it was deleted, after the evidence was written."""
    document = a_document((a_node(0), a_node(1)), a_ledger())
    opened = [{**each, "end": None} for each in document["ledger"]]
    run = clean(folder, the_key(), document={"ledger": opened})
    document = json.loads((run / "run.json").read_bytes())
    (run / "run.json").write_text(json.dumps({**document, "usd": 9.0}))
    return run


UNTRAINED = {"times": {"started": "2026-11-30T10:00:00.000Z", "ended": "2026-11-30T10:02:11.000Z"}}
"""The times of a run whose client did not watch the training to its end."""


def detached(folder: Path) -> Path:
    """Its client left it alone: nobody there saw how it ended."""
    events = [*events_of()[:4], *NOTED, (58.0, "detached", {})]
    return clean(folder, the_key(), events=chained(events), document=UNTRAINED)


BENIGN: dict[str, Made] = {
    "nothing": whole,
    "the folder lies elsewhere, under another name": moved,
    "times and modes of the files are others": then(touched),
    "what was left was deleted later": then(later_down),
    "the copies for people are gone": then(without_copies),
    "somebody keeps notes beside the outputs": then(notes),
    "the run failed": of(FAILED),
    "Ctrl-C came after the training had succeeded": of(
        Story("cancelled", 8), events=chained([*NOTED, (115, "outcome", {"result": "succeeded"})]), document=UNTRAINED
    ),
    "something could not be deleted": of(Story("succeeded", 10)),
    "a node was evicted": evicted,
    "a task was started again in place": restarted,
    "the nodes of a tune lived trials that ended otherwise": of_a_pool,
    "a node's clock is a little ahead": skewed,
    "the scale set is flexible": flexible,
    "a task took less than a second": quick,
    "the record is a little older than the ledger": fetched,
    "it cost more after the evidence was written": still_billed,
    "the client's clock was wrong at first": corrected,
    "its client left it alone": detached,
    "the run made nothing": of(files=logs_of()),
    "an output's name is not UTF-8": of(files={**FILES, **logs_of(), os.fsdecode(b"outputs/a\xff"): b"a"}),
    "an output's name holds a line end and a backslash": of(files={**FILES, **logs_of(), "outputs/a\n\\b": b"a"}),
    "a file of git's lies among the outputs": of(files={**FILES, **logs_of(), "outputs/.gitignore": b"*"}),
    "the ledger has no limit of cost": of(ledger={**a_ledger(), "max_cost_usd": None}, document={"max_cost_usd": None}),
    "two outputs have names that differ in case alone": of(
        files={**FILES, **logs_of(), "outputs/Best.txt": b"1", "outputs/best.txt": b"2"}
    ),
    "another key is trusted beside": whole,
}


@pytest.mark.parametrize("case", BENIGN)
def test_nothing_is_said_of_what_is_no_tampering(case: str, tmp_path: Path) -> None:
    run = BENIGN[case](tmp_path)
    audit = audit_of(run, trusting(a_key(), the_key()))
    assert (audit.findings, audit.verdict) == ((), Verdict.OK)
    assert audit.signer is not None and audit.signer.pem == the_key().signer.public_key


UNKNOWN: dict[str, tuple[Made, set[str]]] = {
    "nobody has signed": (clean, {"TFA103"}),
    "nobody there knows the key": (whole, {"TFA107"}),
    "a log came after the evidence": (
        then(lambda run: (run / "tasks/rank-1.log").write_bytes(b"flushed at last\n")),
        {"TFA242"},
    ),
    "something could not be had": (of(missing=("the plan: it cannot be read",), plan=None), {"TFA134"}),
    "a cloud gave no second document": (
        lambda folder: clean(
            folder, the_key(), nodes=(a_node(0), replace(_without_second(a_node(1)), attested_after=None))
        ),
        {"TFA254"},
    ),
    "a node's tasks ended, and its record was never closed": (
        lambda folder: clean(folder, the_key(), nodes=(a_node(0), _never_closed(a_node(1)))),
        {"TFA254"},
    ),
    "another machine made the run": (
        of(missing=(NO_EVENTS, NO_BASELINE), events=None, baseline=None),
        {"TFA134"},
    ),
    "what ARM had of a part could not be read": (of(baseline={"compute": {"unreadable": "odd"}}), {"TFA258"}),
    "nobody noted that ARM was asked": (of(events=chained(events_of()[:-2] + events_of()[-1:])), {"TFA258"}),
    "Pulumi's states were not there": (of(stacks={}), {"TFA254"}),
}


def _without_second(node: Any) -> Any:
    record = dict(node.evidence)
    record["attested"] = [record["attested"][0], {"when": "after", "asked": BEGAN + 112, "sha256": None, "why": "late"}]
    return replace(node, evidence=record)


def _never_closed(node: Any) -> Any:
    record = dict(node.evidence)
    task = {**record["tasks"][0], "exit_status": None, "started": None, "ended": None}
    record |= {"ended": None, "attested": record["attested"][:1], "tasks": [task]}
    return replace(node, evidence=record, attested_after=None)


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_nobody_can_tell_is_said_and_is_no_error(case: str, tmp_path: Path) -> None:
    made, codes = UNKNOWN[case]
    auditor = trusting() if codes == {"TFA107"} else trusting(the_key())
    audit = audit_of(made(tmp_path), auditor)
    assert {each.rule for each in audit.findings} == codes
    assert {each.verdict for each in audit.findings} == {audit.verdict} == {Verdict.UNVERIFIABLE}


def test_the_roots_of_a_cloud_that_are_not_known_here_leave_its_documents_unverifiable(tmp_path: Path) -> None:
    audit = audit_of(whole(tmp_path), replace(trusting(the_key()), clouds={}))
    assert {each.rule for each in audit.findings} == {"TFA254"} and audit.verdict is Verdict.UNVERIFIABLE


def test_evidence_without_its_run_as_a_container_has_it_is_held_against_itself(tmp_path: Path) -> None:
    run = whole(tmp_path)
    copy = shutil.copytree(run / "audit", tmp_path / "copy")
    audit = audit_of(copy)
    assert {each.rule for each in audit.findings} == {"TFA122"} and audit.verdict is Verdict.UNVERIFIABLE
    (copy / "deploy/__main__.py").write_text("import os\n")
    assert "TFA111" in {each.rule for each in audit_of(copy).findings}


def test_the_same_evidence_gives_the_same_findings(tmp_path: Path) -> None:
    run = whole(tmp_path)
    (run / "outputs/model.json").unlink()
    assert audit_of(run) == audit_of(run)
    assert to_json([each.rule for each in audit_of(run).findings]) == ["TFA105", "TFA141"]
