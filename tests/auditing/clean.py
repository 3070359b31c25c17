"""A run whose evidence is whole: two nodes on a cloud of a test's own, one rank on each, all records of it in line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.auditing import tampering
from tests.auditing.clouds import attesting
from tests.evidence.made import FILES, IMAGE, ORIGIN, RUN, Key, a_key, at_home
from tests.lifecycle.fakes import a_plan
from tfinfra.auditing.audit import Audited, audited
from tfinfra.auditing.baseline import MadeResource, PartBaseline
from tfinfra.auditing.read_evidence import read_evidence
from tfinfra.auditing.run_files import Auditor, PublicKey
from tfinfra.documents.heading import headed
from tfinfra.documents.moments import dated
from tfinfra.evidence.jsons import json_bytes
from tfinfra.evidence.material import NodeFiles
from tfinfra.lifecycle.auditing.find_folder import run_named_by
from tfinfra.lifecycle.auditing.read_run import read_run
from tfinfra.model import (
    Attestation,
    Image,
    NodeEnvironment,
    NodeEvidence,
    NodeMachine,
    NodeRegistration,
    Pool,
    TaskEvidence,
    TaskStatus,
    to_json,
)
from tfinfra.model.tuning import Expression, Tune
from tfinfra.store import encode
from tfinfra.system.clock import iso_time
from tfinfra.tuning.journal import Asked, Ended, Entry
from tfinfra.version import __version__

BEGAN = 1_796_032_800.0
"""2026-11-30T10:00:00Z, when the run began."""
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def scale_set(run: str = RUN) -> str:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tfinfra-{run}-compute"
    return f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{run}-nodes"


PLAN = to_json(a_plan())
AGENT_LOG = """\
2026-11-30T10:01:00Z INFO rank-{0} is running
2026-11-30T10:01:50Z INFO rank-{0} is {1}, exit status {2}
"""


@dataclass(frozen=True)
class Story:
    """What became of the run: `exits` are the ranks' exit statuses; `tuned`: it was a tune, of one trial.
    `key_of_node` is each agent's own key."""

    result: str = "succeeded"
    exit_code: int = 0
    exits: tuple[int, int] = (0, 0)
    run: str = RUN
    tuned: bool = False

    def key_of_node(self, node: int) -> str:
        return f"age1{self.run}{node}"


SUCCEEDED = Story()
FAILED = Story("failed", 7, (0, 3))
TUNED = Story(tuned=True)
TUNED_PLAN = to_json(
    a_plan(
        tune=Tune("random", {"--x": Expression("uniform", (0.0, 1.0))}, "acc", "maximize", 1, 1),
        pool=Pool(2, 1, 60),
    )
)
JOURNAL = tuple(
    encode(entry)
    for entry in (
        Entry(asked=Asked(1, {"--x": 0.25}, BEGAN + 56)),
        Entry(ended=Ended(1, "succeeded", "", BEGAN + 100, "0.5", "0.5")),
    )
)
TRIAL = {
    "trials/1/metrics/rank-0.jsonl": b'{"name":"acc","value":0.5,"step":0,"time":1.0}\n',
    "trials/1/evidence/vm-0.json": json.dumps(
        {"run": f"{RUN}-t00001", "tasks": [{"task": "rank-0", "argv": ["python", "train.py", "--x", "0.25"]}]}
    ).encode(),
    "trials/1/outputs/model.json": b"{}",
    "best/outputs/model.json": b"{}",
}


def a_node(node: int, story: Story = SUCCEEDED, **evidence: Any) -> NodeFiles:
    """What node `node` and its cloud said; `evidence` changes the node's record of itself."""
    cloud, vm_id, key = attesting().signing, f"vm-{node}", story.key_of_node(node)
    before = cloud.document(vm_id, key, BEGAN + 50, SUBSCRIPTION)
    after = cloud.document(vm_id, key, BEGAN + 112, SUBSCRIPTION)
    exit_status = story.exits[node]
    status = TaskStatus(
        f"rank-{node}",
        node,
        "succeeded" if exit_status == 0 else "failed",
        4711,
        exit_status,
        BEGAN + 60,
        BEGAN + 110,
    )
    record = NodeEvidence(
        run=story.run,
        node=node,
        node_id=vm_id,
        hostname=f"node-{node}",
        address=f"10.0.0.{4 + node}",
        machine=NodeMachine(
            "Standard_D8s_v5",
            "eastus",
            f"{scale_set(story.run)}/virtualMachines/{node}",
            Image(IMAGE["publisher"], IMAGE["offer"], IMAGE["sku"], IMAGE["version"]),
            "6.8.0-azure",
        ),
        environment=NodeEnvironment("k", "3.11.9", "a1" * 32, "a2" * 32),
        public_key=key,
        bundle=ORIGIN.bundle,
        agent="a3" * 32,
        settings="a4" * 32,
        variables={"PATH": "a5" * 32},
        taken=BEGAN + 55,
        ended=BEGAN + 113,
        attested=(
            Attestation("before", BEGAN + 54, hashlib.sha256(before).hexdigest()),
            Attestation("after", BEGAN + 112, hashlib.sha256(after).hexdigest()),
        ),
        tasks=(
            TaskEvidence(f"rank-{node}", ("python", "train.py"), "a6" * 32, 0, BEGAN + 60, BEGAN + 110, exit_status),
        ),
    )
    registration = NodeRegistration(vm_id, f"node-{node}", f"10.0.0.{4 + node}", "10.0.0.0/20", 2222, 8, 0, key)
    said = to_json(replace(record, **evidence))
    return NodeFiles(node, to_json(registration), (to_json(status),), said, before, after)


def chained(events: Iterable[tuple[float, str, dict[str, Any]]]) -> bytes:
    """The log of these: seconds from the run's begin, the event, what it says besides."""
    return tampering.chained(
        [{"seq": 0, "time": iso_time(BEGAN + after), "event": event, **fields} for after, event, fields in events]
    )


def events_of(story: Story = SUCCEEDED) -> list[tuple[float, str, dict[str, Any]]]:
    failed = next((rank for rank, status in enumerate(story.exits) if status), None)
    outcome = {
        "result": story.result,
        "message": "it ended",
        "task": None if failed is None else f"rank-{failed}",
        "exit_status": None if failed is None else story.exits[failed],
        "differs": False,
    }
    noted = baseline_of(story.run)
    return [
        (-5, "prepare.begin", {}),
        (0, "attempt", {"group": f"tfinfra-{story.run}-compute", "location": "eastus", "vm_size": "Standard_D8s_v5"}),
        (20, "resource", {"text": "VirtualMachineScaleSet nodes"}),
        (55, "train.begin", {}),
        *(_of_trial() if story.tuned else ()),
        (115, "outcome", outcome),
        (120, "train.end", {"seconds": 65.0}),
        (121, "layers", {"client": True}),
        (122, "timer", {"armed": True}),
        *((125, "baseline", noted_of(part, noted[part])) for part in noted),
        (130, "teardown.verified", {"groups": [f"tfinfra-{story.run}-{part}" for part in ("compute", "keep")]}),
    ]


def _of_trial() -> list[tuple[float, str, dict[str, Any]]]:
    digests = [hashlib.sha256(entry).hexdigest() for entry in JOURNAL]
    points = hashlib.sha256(TRIAL["trials/1/metrics/rank-0.jsonl"]).hexdigest()
    return [
        *((100, "journal", {"entry": number, "sha256": digest}) for number, digest in enumerate(digests)),
        (100, "trial", {"number": 1, "result": "succeeded", "points": points}),
    ]


def usd_of(intervals: Iterable[dict[str, Any]]) -> float:
    total: float = sum(each["usd_per_hour"] * (each["end"] - each["start"]) / 3600 for each in intervals)
    return round(total, 4)


def a_ledger(run: str = RUN) -> dict[str, Any]:
    billed = {"start": BEGAN, "due": BEGAN + 3600, "end": BEGAN + 125}
    intervals = [
        {"group": f"tfinfra-{run}-keep", "part": "keep", "usd_per_hour": 0.1, **billed},
        {"group": f"tfinfra-{run}-compute", "part": "compute", "usd_per_hour": 3.6, **billed},
    ]
    return {
        "deadline": "2026-11-30T11:00:00Z",
        "limit": "max_run_duration",
        "max_cost_usd": 5.0,
        "usd_per_hour": 3.7,
        "usd": usd_of(intervals),
        "attempts": [
            {"group": f"tfinfra-{run}-compute", "location": "eastus", "vm_size": "Standard_D8s_v5", "refused": None}
        ],
        "intervals": intervals,
    }


def a_document(nodes: Iterable[NodeFiles], ledger: dict[str, Any], story: Story = SUCCEEDED) -> dict[str, Any]:
    """run.json of audit/."""
    failed = next((rank for rank, status in enumerate(story.exits) if status), None)
    body = {
        "tfinfra": __version__,
        "run": story.run,
        "name": "digits",
        "cloud": "local",
        "machines": "process",
        "rehearse": False,
        "attempts": ledger["attempts"],
        "phase": "deleted",
        "result": story.result,
        "message": "it ended",
        "hint": None,
        "exit_code": story.exit_code,
        "task": None if failed is None else f"rank-{failed}",
        "exit_status": None if failed is None else story.exits[failed],
        "tasks": [task for node in nodes for task in node.tasks],
        "nodes": [node.registration for node in nodes],
        "unreadable": [],
        "environment": {"lock": next((node.evidence["environment"]["key"] for node in nodes if node.evidence), None)},
        "times": {"started": BEGAN, "ended": BEGAN + 131, "train_seconds": 65.0},
        "deadline": ledger["deadline"],
        "results": "runs/digits-abc123",
        "not_collected": None,
        "left_files": [],
        "limit": ledger["limit"],
        "usd_per_hour": ledger["usd_per_hour"],
        "usd": ledger["usd"],
        "max_cost_usd": ledger["max_cost_usd"],
        "ledger": ledger["intervals"],
        "left": [],
    }
    return dated("run", body)


SITE = {"location": "eastus"}
SCALE_SET_TYPE = "azure-native:compute:VirtualMachineScaleSet"


def stacks_of(run: str = RUN) -> dict[str, Any]:
    urn, kind = f"urn:pulumi:{run}-compute::tfinfra::{SCALE_SET_TYPE}::nodes", SCALE_SET_TYPE
    nodes = {"urn": urn, "type": kind, "id": scale_set(run)}
    stack = {"urn": f"urn:pulumi:{run}-keep::tfinfra::pulumi:pulumi:Stack::tfinfra", "type": "pulumi:pulumi:Stack"}
    return {
        "keep": {"sha256": "b1" * 32, "resources": [stack]},
        "compute": {"sha256": "b2" * 32, "resources": [nodes]},
    }


def baseline_of(run: str = RUN) -> dict[str, Any]:
    """What ARM had of the scale set."""
    made = MadeResource(scale_set(run), "Microsoft.Compute/virtualMachineScaleSets", "2024-07-01", {"sku": {}}, SITE)
    return {"compute": to_json(PartBaseline(f"tfinfra-{run}-compute", BEGAN + 21, (made,)))}


def noted_of(part: str, baseline: dict[str, Any]) -> dict[str, Any]:
    """What the event log says of it."""
    digest = hashlib.sha256(json_bytes(baseline)).hexdigest()
    return {"part": part, "resources": len(baseline["resources"]), "sha256": digest}


NOTED = [(58.0, "baseline", noted_of("compute", baseline_of()["compute"]))]
"""The event of that."""


def clean(folder: Path, key: Key | None = None, story: Story = SUCCEEDED, **changes: Any) -> Path:
    """A run's folder with all its evidence, signed by `key`. `changes` are fields of its Material; `files` what lies at
    home."""
    nodes = changes.pop("nodes", (a_node(0, story), a_node(1, story)))
    ledger = changes.pop("ledger", a_ledger(story.run))
    document = {**a_document(nodes, ledger, story), **changes.pop("document", {})}
    files = changes.pop(
        "files", {**FILES, "outputs/cl\u00e9.json": b"{}", **logs_of(story), **(TRIAL if story.tuned else {})}
    )
    plan = TUNED_PLAN if story.tuned else PLAN
    events = changes.pop("events", chained(events_of(story)))
    material: dict[str, Any] = {
        "run": story.run,
        "tfinfra": __version__,
        "document": document,
        "ledger": ledger,
        "stacks": stacks_of(story.run),
        "baseline": baseline_of(story.run),
        "events": events,
        "nodes": nodes,
        "origin": replace(ORIGIN, deploy={**ORIGIN.deploy, "plan.json": json.dumps(plan)}),
        "plan": plan,
        "journal": b"".join(entry + b"\n" for entry in JOURNAL) if story.tuned else None,
        "started": BEGAN,
        "finished": BEGAN + 131,
        **changes,
    }
    run = at_home(folder, files, key.signer if key is not None else None, **material)
    signature = {"signature": "made" if key is not None else "none", "folder": "audit", "key": None, "why": None}
    beside = headed("run", {**document, "evidence": {**signature, "copies": [], "text": ""}})
    (run / "run.json").write_text(json.dumps(beside))
    if events is not None:
        (run / "events.jsonl").write_bytes(events)
    return run


def logs_of(story: Story = SUCCEEDED) -> dict[str, bytes]:
    words = {status: "succeeded" if status == 0 else "failed" for status in story.exits}
    agents = {n: AGENT_LOG.format(n, words[status], status) for n, status in enumerate(story.exits)}
    times = {"tasks/rank-0.times": f"7 {BEGAN + 70:.2f}\n".encode()}
    return {**{f"nodes/agent-{n}.log": text.encode() for n, text in agents.items()}, **times}


@cache
def the_key() -> Key:
    return a_key(7)


def trusting(*keys: Key, **wanted: Any) -> Auditor:
    """An auditor who knows the cloud of `a_node`, and trusts these keys."""
    return Auditor(
        keys=tuple(PublicKey("key.pub", key.signer.public_key) for key in keys),
        clouds={"local": attesting().trust},
        **wanted,
    )


def audit_of(run: Path, auditor: Auditor | None = None) -> Audited:
    return audited(
        read_evidence(read_run(run, str(run), run_named_by(Path("runs") / run.name)), auditor or trusting(the_key()))
    )
