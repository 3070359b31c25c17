"""Tamperings with the record of a run and with what it made: by the sentence that rules/ and docs/audit.md have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.auditing.clean import BEGAN, FAILED, SUBSCRIPTION, TUNED, Story, clean, the_key, usd_of
from tests.auditing.clouds import Signing, attesting
from tests.auditing.tampering import Tamper, add, all_of, edit, edit_json, events, remove
from tests.evidence.made import RUN, a_key
from tfinfra.evidence import names
from tfinfra.evidence.build import signatures
from tfinfra.evidence.jsons import json_bytes
from tfinfra.evidence.sums import sha256

ODD_NODE = "audit/nodes/1.json"


def node(number: int, change: Callable[[Any], object]) -> Tamper:
    return edit_json(names.node_file(number), change)


def other_signature(run: Path) -> None:
    """The same files, signed by another key."""
    made = {p.relative_to(run).as_posix(): sha256(p.read_bytes()) for p in (run / "outputs").rglob("*") if p.is_file()}
    statement = (run / "audit" / names.STATEMENT).read_bytes()
    for name, data in signatures(statement, made, RUN, a_key().signer).files.items():
        (run / "audit" / name).write_bytes(data)


def exchanged_output(run: Path) -> None:
    """An output of one's own; the statement and the sums are written anew by whoever does this."""
    (run / "outputs/model.json").write_bytes(b'{"mine": 1}')


def edited_signature(run: Path) -> None:
    path = run / "audit" / names.SIGNED_STATEMENT
    bundle = json.loads(path.read_bytes())
    signature = bundle["dsseEnvelope"]["signatures"][0]
    signature["sig"] = signature["sig"][:20] + ("A" if signature["sig"][20] != "A" else "B") + signature["sig"][21:]
    path.write_text(json.dumps(bundle) + "\n")


def no_mention_of_signatures(run: Path) -> None:
    for name in names.SIGNATURES:
        (run / "audit" / name).unlink(missing_ok=True)
    sums = run / "audit" / names.SUMS
    lines = sums.read_bytes().splitlines(keepends=True)
    sums.write_bytes(b"".join(line for line in lines if not line.rstrip().endswith((b"model.sig", b"sigstore.json"))))
    document = json.loads((run / names.RUN).read_bytes())
    (run / names.RUN).write_text(json.dumps({**document, "evidence": None}))


def last_line_removed(run: Path) -> None:
    path = run / "audit" / names.JOURNAL
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


def linked_output(run: Path) -> None:
    (run / "outputs/model.json").unlink()
    (run / "outputs/model.json").symlink_to("/etc/hostname")


def subject_of(name: str) -> Tamper:
    def tamper(statement: Any) -> None:
        statement["subject"].append({"name": name, "digest": {"sha256": "ab" * 32}})

    return edit_json(names.STATEMENT, tamper)


def other_bill(run: Path) -> None:
    other = clean(run.parent / "other", story=Story(run="digits-xyz789"))
    (run / "audit" / names.BILL).write_bytes((other / "audit" / names.BILL).read_bytes())


def other_evidence(run: Path) -> None:
    """The evidence of another run, signed by the same key, beside the outputs of this one."""
    files = {"outputs/model.json": b"other", "nodes/agent-0.log": b"", "nodes/agent-1.log": b""}
    key = the_key() if (run / "audit" / names.SIGNED_STATEMENT).exists() else None
    other = clean(run.parent / "other", key, Story(run="digits-xyz789"), files=files)
    for path in sorted((run / "audit").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (run / "audit").rmdir()
    (other / "audit").rename(run / "audit")


def all_of_another(run: Path) -> None:
    key = the_key() if (run / "audit" / names.SIGNED_STATEMENT).exists() else None
    other = clean(run.parent / "other", key, Story(run="digits-xyz789"))
    run.rename(run.parent / "its own")
    other.rename(run)


def without_documents(run: Path) -> None:
    """As a node writes it that would not be attested at all."""
    remove("audit/nodes/0.attested*")(run)
    node(0, lambda n: n["evidence"].update(attested=[]))(run)


def without_second_document(run: Path) -> None:
    remove("audit/nodes/0.attested-after.p7")(run)
    node(0, lambda n: n["evidence"]["attested"].pop())(run)


def beside(change: Callable[[Any], object]) -> Tamper:
    """Changes the copy for people."""

    def tamper(run: Path) -> None:
        document = json.loads((run / names.RUN).read_bytes())
        change(document)
        (run / names.RUN).write_text(json.dumps(document))

    return tamper


def to_succeeded(run: dict[str, Any]) -> None:
    run.update(result="succeeded", exit_code=0, task=None, exit_status=None)


def attested_by(signing: Signing, vm_id: str = "vm-0", key: str = f"age1{RUN}0") -> Tamper:
    """Another document in the place of node 0's first one, and its digest in the node's record."""

    def tamper(run: Path) -> None:
        document = signing.document(vm_id, key, BEGAN + 50, SUBSCRIPTION)
        (run / "audit/nodes/0.attested.p7").write_bytes(document)
        node(0, lambda n: n["evidence"]["attested"][0].update(sha256=sha256(document)))(run)

    return tamper


def added_to_baseline(run: Path) -> None:
    """As ARM would have had it, with its digest in the event log."""

    def add_one(document: Any) -> None:
        found = document["compute"]["resources"]
        found.append({**found[0], "id": found[0]["id"] + "-mine"})

    edit_json(names.BASELINE, add_one)(run)
    document = json.loads((run / "audit" / names.BASELINE).read_bytes())
    digest = sha256(json_bytes(document["compute"]))
    events(lambda lines: lines[8].update(sha256=digest, resources=2), rechained=True)(run)


def edited_document(run: Path) -> None:
    path = run / "audit/nodes/0.attested.p7"
    data = path.read_bytes().replace(b"vm-0", b"vm-9")
    path.write_bytes(data)
    node(0, lambda n: n["evidence"]["attested"][0].update(sha256=sha256(data)))(run)


def one_document_twice(run: Path) -> None:
    data = (run / "audit/nodes/0.attested.p7").read_bytes()
    (run / "audit/nodes/0.attested-after.p7").write_bytes(data)
    node(0, lambda n: n["evidence"]["attested"][1].update(sha256=sha256(data)))(run)


def foreign_node(run: Path) -> None:
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/mine/providers/Microsoft.Compute/virtualMachines/m"
    node(1, lambda n: n["evidence"]["machine"].update(resource_id=other))(run)


def one_machine_twice(run: Path) -> None:
    document = json.loads((run / "audit/nodes/0.json").read_bytes())
    document["node"] = document["evidence"]["node"] = 1
    (run / ODD_NODE).write_text(json.dumps(document))
    for name in ("attested.p7", "attested-after.p7"):
        (run / f"audit/nodes/1.{name}").write_bytes((run / f"audit/nodes/0.{name}").read_bytes())


def third_node(run: Path) -> None:
    document = json.loads((run / ODD_NODE).read_bytes())
    document["node"] = document["evidence"]["node"] = 2
    document["registration"]["node_id"] = document["evidence"]["node_id"] = "vm-2"
    (run / "audit/nodes/2.json").write_text(json.dumps(document))


def without_event(event: str) -> Tamper:
    def change(lines: list[Any]) -> None:
        lines[:] = [line for line in lines if line["event"] != event]

    return events(change, rechained=True)


def late_task(node: dict[str, Any]) -> None:
    for task in (*node["tasks"], *node["evidence"]["tasks"]):
        task.update(started=BEGAN + 3000, ended=BEGAN + 3600)


def shortened(run: Path) -> None:
    """The compute group's interval, as if it had cost a second, in both records; the sum with it."""

    def ledger(document: dict[str, Any]) -> None:
        document["intervals"][1].update(start=BEGAN - 4000, end=BEGAN - 3999)
        document["usd"] = usd_of(document["intervals"])

    edit_json(names.LEDGER, ledger)(run)
    told = {"start": "2026-11-30T08:53:20.000Z", "end": "2026-11-30T08:53:21.000Z"}
    edit_json(names.RUN, lambda document: document["ledger"][1].update(told))(run)


def others_hours(run: Path) -> None:
    """No hours of its own in both records, as of a run that was on the nodes of another."""
    none = {"on": "digits-other1", "usd": 0.0}
    edit_json(names.LEDGER, lambda document: document.update(intervals=[], **none))(run)
    edit_json(names.RUN, lambda document: document.update(ledger=[], **none))(run)


def swap(lines: list[Any]) -> None:
    """What two of them say, at the times at which they stand."""
    lines[6]["event"], lines[7]["event"] = lines[7]["event"], lines[6]["event"]


def earlier(lines: list[Any]) -> None:
    lines[4]["time"] = "2026-11-30T09:00:00Z"


def a_year_ago(lines: list[Any]) -> None:
    for line in lines:
        line["time"] = line["time"].replace("2026", "2025")


SIGNED: dict[str, Tamper] = {
    "a signature is edited": edited_signature,
    "another key has signed": other_signature,
    "the signatures and all that mentions them are removed (--require-signature tells)": no_mention_of_signatures,
    "all digests, the chain and the sums are written anew": edit("outputs/model.json", b"{}", b"[]"),
    "an output is exchanged, the statement's digests with it": exchanged_output,
    "the signatures are removed": remove("audit/statement.sigstore.json", "audit/model.sig"),
    "the event log is removed from the evidence": remove("audit/events.jsonl"),
    "what ARM had of the resources is removed from the evidence": all_of(
        remove("audit/baseline.json"), without_event("baseline")
    ),
    "the plan is removed from the statement": edit_json(
        names.STATEMENT, lambda s: s["predicate"]["buildDefinition"]["internalParameters"].update(plan=None)
    ),
    "a file of audit/ is removed": remove("audit/deploy/__main__.py"),
    "a file of audit/ is edited": edit("audit/deploy/__main__.py", b"pulumi", b"os"),
    "a file is added to audit/": add("audit/deploy/sitecustomize.py"),
    "a value of the statement is edited": edit_json(
        names.STATEMENT, lambda s: s["predicate"]["buildDefinition"]["resolvedDependencies"][0].update(uri="urn:x")
    ),
    "the digest of the statement's parameter is edited": edit_json(
        names.STATEMENT,
        lambda s: s["predicate"]["buildDefinition"]["externalParameters"]["manifest"]["digest"].update(
            sha256="ab" * 32
        ),
    ),
    "a digest in SHA256SUMS is edited": edit("audit/SHA256SUMS", sha256(b"weights").encode(), sha256(b"mine").encode()),
    "a key stands twice in a record": edit("audit/ledger.json", b'"limit":', b'"usd": 1.0,\n  "limit":'),
    "a record has a number that is none (NaN)": edit_json(names.LEDGER, lambda ledger: ledger.update(usd=float("nan"))),
    "a record is not UTF-8": edit("audit/stacks.json", b"urn:pulumi", b"urn:\xffulumi"),
    "a record is nested thousands of levels deep": add("audit/stacks.json", b"[" * 5000 + b"]" * 5000),
    "a record has an unknown key": edit_json(names.LEDGER, lambda ledger: ledger.update(discount=0.5)),
    "an output is replaced by a link": linked_output,
    "a subject's name has ../ in it": subject_of("../elsewhere/model.json"),
    "a subject's name is absolute": subject_of("/etc/passwd"),
    "the statement has no subjects": edit_json(names.STATEMENT, lambda s: s.update(subject=[])),
    "an output is added whose name differs from another's in case alone": add("outputs/MODEL.json"),
    "an output is added whose name differs from another's in its Unicode form alone": add("outputs/cle\u0301.json"),
    "an output is edited": edit("outputs/model.json", b"{}", b"[]"),
    "a checkpoint is that of another run": add("checkpoints/ckpt-1", b"other"),
    "an output is removed": remove("outputs/model.json"),
    "an output is added": add("outputs/extra.h5"),
}
RECORD: dict[str, Tamper] = {
    "an event is removed": events(lambda lines: lines.pop(6)),
    "an event is edited": events(lambda lines: lines[6].update(client=False)),
    "two events change places": events(swap),
    "the tail of the event log is cut": events(lambda lines: lines.pop()),
    "an event is edited and the chain recomputed": events(lambda lines: lines[6].update(client=False), rechained=True),
    "events.jsonl beside the outputs is edited": edit("events.jsonl", b"eastus", b"westus"),
    "an event's time is set before that of an earlier one": events(earlier),
    "the evidence of another run lies beside the outputs": other_evidence,
    "all of another run, signed by the same key, takes the place of a run's": all_of_another,
    "the bill of materials is that of another run": other_bill,
    "run.json beside the outputs is edited": edit("run.json", b'"exit_code": 0', b'"exit_code": 7'),
    "the message is edited in run.json beside the outputs": beside(lambda run: run.update(message="a record")),
    "the end of a task is edited in run.json beside the outputs": beside(
        lambda run: run["tasks"][0].update(ended="2026-11-30T10:01:40.000Z")
    ),
    "what a run cost is edited in run.json beside the outputs": beside(lambda run: run.update(usd=0.01)),
    "the begin is edited in run.json beside the outputs": beside(
        lambda run: run["times"].update(started="2026-11-30T09:30:00.000Z")
    ),
    "a node is edited in run.json beside the outputs": beside(lambda run: run["nodes"][0].update(hostname="mine")),
    "the environment is edited in run.json beside the outputs": beside(
        lambda run: run["environment"].update(lock="0a1b2d")
    ),
    "failed is turned to succeeded in run.json": edit_json(names.RUN, to_succeeded),
    "the outcome is edited in the event log": events(lambda lines: lines[4].update(result="failed")),
    "an exit status is edited in a node's record": node(0, lambda n: n["evidence"]["tasks"][0].update(exit_status=9)),
    "an exit status is edited in the log of an agent": edit("nodes/agent-0.log", b"exit status 0", b"exit status 9"),
    "an exit status is edited in run.json": edit_json(names.RUN, lambda run: run["tasks"][0].update(exit_status=9)),
    "a task's times lie outside of the attested window": node(0, late_task),
    "the begin of the run is edited in run.json": edit_json(
        names.RUN, lambda run: run["times"].update(started="2026-11-30T09:30:00.000Z")
    ),
    "all times of the event log are moved, and the chain recomputed": events(a_year_ago, rechained=True),
    "a price is edited in the ledger": edit_json(names.LEDGER, lambda it: it["intervals"][1].update(usd_per_hour=1)),
    "an interval is removed from the ledger": edit_json(names.LEDGER, lambda ledger: ledger["intervals"].pop()),
    "an interval is shortened in the ledger and in run.json": shortened,
    "the hours of the ledger are called another run's": others_hours,
    "the sum of the ledger is edited": edit_json(names.LEDGER, lambda ledger: ledger.update(usd=0.01)),
    "a part of a log is removed": edit("nodes/agent-0.log", b"2026-11-30T10:01:00Z INFO rank-0 is running\n", b""),
    "the end of a log is removed": edit("tasks/rank-0.log", b"step 1\n", b"step"),
    "a part of a log is replaced": edit("tasks/rank-0.log", b"step 1", b"step 2"),
    "a log is removed": remove("tasks/rank-0.log"),
    "the log of a task that never was is listed": edit(
        "audit/logs.sha256",
        b"/rank-0.log\n",
        b"/rank-0.log\n" + b"00" * 32 + b"  ../tasks/rank-7.log\n",
    ),
    "the begin of a phase is removed from the event log, and the chain recomputed": events(
        lambda lines: lines.pop(3), rechained=True
    ),
    "an event is moved to another time, and the chain recomputed": events(
        lambda lines: lines[5].update(time="2026-11-30T10:02:09Z"), rechained=True
    ),
    "an attested document is not the one that the node registered with": node(
        0, lambda n: n["registration"].update(attested="MHA3")
    ),
    "a failed task is made the success of a run, in run.json, outcome and log of events": all_of(
        edit_json(names.RUN, to_succeeded),
        events(lambda lines: lines[4].update(result="succeeded", task=None, exit_status=None), rechained=True),
    ),
    "a node is added whose record is that of another, with a name of its own": third_node,
    "the times of a task are edited in run.json": edit_json(
        names.RUN, lambda run: run["tasks"][0].update(ended="2026-11-30T10:01:40.000Z")
    ),
    "the seconds of a phase are edited in run.json": edit_json(
        names.RUN, lambda run: run["times"].update(train_seconds=6.5)
    ),
    "what a run cost is edited in run.json": edit_json(names.RUN, lambda run: run.update(usd=0.01)),
    "the environment is another one in run.json": edit_json(
        names.RUN, lambda run: run["environment"].update(lock="0a1b2d")
    ),
    "the job has another name in run.json": edit_json(names.RUN, lambda run: run.update(name="letters")),
    "a node is of another size than was asked for": node(
        0, lambda n: n["evidence"]["machine"].update(size="Standard_D2s_v5")
    ),
    "a node's record is taken after its first task began": node(0, lambda n: n["evidence"].update(taken=BEGAN + 90)),
    "a node's record is closed long after its last task": node(0, lambda n: n["evidence"].update(ended=BEGAN + 9000)),
    "a resource is added to what Pulumi made": edit_json(
        names.STACKS,
        lambda stacks: stacks["keep"]["resources"].append(
            {"urn": f"urn:pulumi:{RUN}-keep::tfinfra::vm", "type": "azure-native:compute:VirtualMachine"}
        ),
    ),
    "what ARM had of a resource is edited in baseline.json": edit_json(
        names.BASELINE, lambda parts: parts["compute"]["resources"][0]["found"].update(location="westus")
    ),
    "a part is removed from baseline.json": edit_json(names.BASELINE, lambda parts: parts.pop("compute")),
    "a resource is added to baseline.json, with its digest in the event log": added_to_baseline,
    "what Pulumi made is that of another run": edit(
        "audit/stacks.json", f"urn:pulumi:{RUN}-keep".encode(), b"urn:pulumi:digits-xyz789-keep"
    ),
    "the end of a phase is removed from the event log, and the chain recomputed": without_event("train.end"),
    "the outcome is removed from the event log, and the chain recomputed": without_event("outcome"),
    "an attempt is edited in the event log, and the chain recomputed": events(
        lambda lines: lines[1].update(vm_size="Standard_D2s_v5"), rechained=True
    ),
    "an attested document is edited": edited_document,
    "an attested document is signed by somebody else": attested_by(attesting().other_name),
    "the certificate of an attested document had expired": attested_by(attesting().expired),
    "the certificate of an attested document was not yet valid": attested_by(attesting().early),
    "an attested document of another machine takes the place of a node's": attested_by(
        attesting().signing, "vm-1", f"age1{RUN}1"
    ),
    "one attested document serves twice": one_document_twice,
    "an attested document is removed": remove("audit/nodes/0.attested.p7"),
    "a node's record and its folder lose its attested documents": without_documents,
    "a node's record loses the second of its attested documents": without_second_document,
    "a node that ARM never listed is added": foreign_node,
    "the record of a node is removed": remove("audit/nodes/1.json"),
    "two nodes have the record of one machine": one_machine_twice,
    "a parameter of a trial is edited in the journal": edit("audit/tune.jsonl", b"0.25", b"0.26"),
    "the value of a trial is edited in the journal": edit("audit/tune.jsonl", b'"0.5"', b'"0.9"'),
    "how the last trial ended is removed from the journal": last_line_removed,
    "a point that a trial has logged is edited": edit("trials/1/metrics/rank-0.jsonl", b"0.5", b"0.9"),
    "a trial's arguments are edited in a node's record of it": edit("trials/1/evidence/vm-0.json", b"0.25", b"0.26"),
}
OF_A_FAILED_RUN = (
    "failed is turned to succeeded in run.json",
    "a failed task is made the success of a run, in run.json, outcome and log of events",
)
"""What is done to a run that failed; the others are done to one that succeeded."""
OF_A_TUNE = (
    "a parameter of a trial is edited in the journal",
    "the value of a trial is edited in the journal",
    "how the last trial ended is removed from the journal",
    "a point that a trial has logged is edited",
    "a trial's arguments are edited in a node's record of it",
)
"""What is done to a tune."""
STORIES = {**dict.fromkeys(OF_A_FAILED_RUN, FAILED), **dict.fromkeys(OF_A_TUNE, TUNED)}
