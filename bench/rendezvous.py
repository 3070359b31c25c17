"""How long simulated nodes take to agree on one inventory over a file store: the agent's own `rendezvous`, a process
for each node (threads would wait for one interpreter's lock, which no node does), all let go at once."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Any

from bench.common import Result, Row, repeated, tell
from tfinfra.agent.rendezvous import Meeting, rendezvous
from tfinfra.model import NodeRegistration
from tfinfra.store import ObjectStore, PatientStore, open_store
from tfinfra.system.clock import SystemClock

NODES = (2, 10, 100, 500)
TIMEOUT = 120.0  # seconds


@dataclass
class Counted:
    """An ObjectStore that counts what a cloud would charge for. A node calls it from one thread."""

    store: ObjectStore
    calls: Counter[str] = field(default_factory=Counter)

    def put(self, key: str, data: bytes) -> None:
        self.calls["put"] += 1
        self.store.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self.calls["put"] += 1
        return self.store.put_if_absent(key, data)

    def get(self, key: str) -> bytes | None:
        self.calls["get"] += 1
        return self.store.get(key)

    def list(self, prefix: str) -> list[str]:
        self.calls["list"] += 1
        return self.store.list(prefix)

    def delete(self, key: str) -> None:
        self.store.delete(key)

    def put_file(self, key: str, path: Path) -> None:
        self.store.put_file(key, path)

    def get_file(self, key: str, path: Path) -> None:
        self.store.get_file(key, path)


def run(repeat: int) -> Result:
    """One row per number of nodes. Times count from the moment at which all nodes stand ready."""
    cores = len(os.sched_getaffinity(0))
    note = f"all nodes share {cores} cores: at 500 nodes it is the sum of their work that counts"
    return Result("rendezvous", tuple(_row(repeat, count) for count in NODES), (note,))


def _row(repeat: int, count: int) -> Row:
    case = f"{count} nodes"
    tell(case)
    at_most = {"all_agree_s": 5.0} if count == max(NODES) else None
    return Row(case, repeated(repeat, lambda: _meet(count)), at_most=at_most)


def _meet(count: int) -> dict[str, float]:
    """Raises RuntimeError where a node failed or two nodes saw different inventories."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        store, arrivals = Path(name) / "store", Path(name) / "arrivals"
        arrivals.mkdir()
        began = _run_nodes(count, store.as_uri(), arrivals)
        seen = [json.loads(path.read_text()) for path in arrivals.iterdir()]
    if len(seen) != count or len({tuple(a["order"]) for a in seen}) != 1:
        raise RuntimeError(f"{len(seen)} of {count} nodes agreed")
    return {
        "all_agree_s": max(a["ended"] for a in seen) - began,
        "median_node_s": statistics.median(a["ended"] for a in seen) - began,
        "cpu_ms_per_node": 1000 * statistics.mean(a["cpu"] for a in seen),
        "store_calls_per_node": statistics.mean(a["calls"] for a in seen),
    }


def _run_nodes(count: int, url: str, arrivals: Path) -> float:
    """Runs all nodes to their end; when (Unix seconds) they were let go."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["bench.rendezvous", "obstore.store"])
    ready: Any = context.Barrier(count + 1)
    nodes = [context.Process(target=_node, args=(url, n, count, ready, arrivals)) for n in range(count)]
    for node in nodes:
        node.start()
    ready.wait()
    began = time.time()
    for node in nodes:
        node.join()
    return began


def _node(url: str, number: int, count: int, ready: Barrier, arrivals: Path) -> None:
    """One node: leaves the inventory's order, when it had it (Unix seconds), its store calls and CPU seconds."""
    store, clock = Counted(open_store(url)), SystemClock()
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    who = NodeRegistration(f"node-{number:05d}", f"host-{number}", address, "10.0.0.0/8", 2222, 2, 0)
    ready.wait()
    cpu = time.process_time()
    inventory = rendezvous(PatientStore(store, clock, TIMEOUT), who, Meeting(count, TIMEOUT), clock)
    arrival = {
        "ended": time.time(),
        "cpu": time.process_time() - cpu,
        "calls": store.calls.total(),
        "order": [node.node_id for node in inventory.nodes],
    }
    (arrivals / f"{number}.json").write_text(json.dumps(arrival))
