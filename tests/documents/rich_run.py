"""Runs about which there is something to say under every key of their documents."""

from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from pathlib import Path

from tests.lifecycle.attach.test_resume import GROUPS, RUN
from tests.lifecycle.fakes import World, a_plan
from tests.lifecycle.record.test_record import a_record
from tfinfra.errors import Result
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.end.collect import run_document, write_results
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.not_collected import NotCollected
from tfinfra.lifecycle.record.run_record import Attempt, RunPhase, run_folder
from tfinfra.model import LeftFiles, LeftPlace, NodeRegistration, Point, Remark, TaskStatus, to_json
from tfinfra.money.ledger import Interval, Ledger, Use
from tfinfra.store import MemoryStore, chunk_of, keys

NODE = NodeRegistration("n0", "node-0", "10.0.0.4", "10.0.0.0/20", 2222, 8, 0, "age1xyz", 0, "c2lnbmVk")
TASK = TaskStatus("rank-0", 0, "failed", 4711, 7, 1010.0, 1020.0, 0, "the script ended with 7", joined=True)
PLACE = LeftPlace("/data", 2, 2048, ("a.txt", "b.txt"), "train.py:12", "outputs/data")
LEFT = LeftFiles("rank-0", (PLACE,), ("huge.bin",), 1, 10**9, ("/data/pipe: it is no file",))


def failed_run(folder: Path) -> None:
    """A run that failed and is deleted; what it left is at home, in `folder`/results."""
    results = folder / "results"
    record = replace(
        a_record(RUN),
        results=str(results),
        attempts=(
            Attempt(GROUPS[0].name, "westus", "Standard_D8s_v5", "SkuNotAvailable: none is left"),
            Attempt(GROUPS[0].name, "eastus", "Standard_D8s_v5"),
        ),
        machines="process",
        environment="0a1b2c",
        phase=RunPhase.DELETED,
        result=Result.FAILED,
        message="rank-0 ended with exit status 7",
        hint="look at its log",
        exit_code=7,
        failed_task="rank-0",
        exit_status=7,
        fetched=True,
        max_cost_usd=5.0,
        evidence=EvidenceState("made", "ab" * 32, "no model.sig: outputs/ holds no file", ("https://a/evidence/r/0a",)),
        not_collected=NotCollected(1, 12, ("model.h5",), "the disk was full", "the run's store"),
        ledger=Ledger(
            (Interval(GROUPS[0].name, "compute", 3.6, 1000.0, 1100.0, 1090.0),),
            (Use("digits-def456", 1050.0, 1060.0),),
        ),
        times={"started": 1000.0, "ended": 1090.0, "provisioning_seconds": 8.5},
    )
    store = MemoryStore()
    for key, value in (
        (keys.node_key("n0"), NODE),
        (keys.INVENTORY, {"nodes": [to_json(NODE)]}),
        (keys.task_key("rank-0"), TASK),
        (keys.left_key("rank-0"), LEFT),
    ):
        store.put(key, json.dumps(to_json(value)).encode())
    own = run_folder(folder / "state", RUN)
    own.write(record)
    write_results(own, run_document(record, a_plan(), store, 2000.0), results)
    (results / "tasks").mkdir()
    (results / "tasks" / "rank-0.log").write_text("first\nlast\n")
    (results / "tasks" / "rank-0.times").write_text("6 1010.50\n11 1012.00\n")
    (results / "metrics").mkdir()
    points = [Point("rank-0", "loss", value, step, 1011.5, "") for step, value in enumerate((0.5, nan))]
    further = Point("rank-0", "loss", 0.25, 0, 1012.0, "0a" * 16)
    told = Remark("rank-0", "parameter", "lr", "0.1", 1011.0)
    of_further = {"mlflow.runName": "fold-1", "mlflow.parentRunId": RUN}
    said = [told, *(Remark("rank-0", "tag", name, text, 1012.0, "0a" * 16) for name, text in of_further.items())]
    (results / "metrics" / "rank-0.jsonl").write_bytes(chunk_of([*points, *said, further]))


def waiting_run(folder: Path, *, record: bool = True) -> FoundRun:
    """A run whose nodes are on their way; without its `record`, one that only its cloud knows."""
    world = World(folder)
    own = run_folder(folder / "state", RUN)
    if record:
        free = Ledger((Interval(GROUPS[0].name, "compute", 0.0, 1000.0, 1e9),))  # what is billed differs by the second
        own.write(a_record(RUN, results=str(folder / "results"), deadline="2999-01-01T00:00:00Z", ledger=free))
        own.deploy.mkdir(parents=True)
        (own.deploy / "plan.json").write_text(json.dumps(to_json(a_plan())))
    world.groups = {group.name: {} for group in GROUPS}
    return FoundRun(RUN, own, own.read(), world.ports, GROUPS, world.store if record else None, None)


def ended_run(folder: Path) -> FoundRun:
    """The run that `failed_run` has left, of which the cloud knows nothing any more."""
    own = run_folder(folder / "state", RUN)
    return FoundRun(RUN, own, own.read(), World(folder).ports, (), None, None)
