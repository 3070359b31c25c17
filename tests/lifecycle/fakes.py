"""The world that a run needs, played: a cloud of dictionaries, an engine that answers at once, nodes as functions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.fake_effects import A_LOCK, FakeArm, FakeEngine, FakeWorkshop
from tfinfra.arm.requests import ArmAnswer
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.cloud import Cloud, Pace
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import Compiled, read
from tfinfra.environment.lock_file import Lock
from tfinfra.errors import Diagnostic, Result, TeardownIncomplete
from tfinfra.lifecycle.data.staging import Given
from tfinfra.lifecycle.preflight import LiveAnswer
from tfinfra.lifecycle.record.names import group_name
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Interrupt
from tfinfra.lifecycle.up.conductor import UpRun
from tfinfra.lifecycle.watch.observer import UnderWay
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.model import (
    Image,
    Infrastructure,
    Limits,
    Outcome,
    Plan,
    Point,
    Requirements,
    Target,
    Task,
    TaskStatus,
    Timeouts,
    to_json,
)
from tfinfra.store import MemoryStore, keys
from tfinfra.travel.survey import Survey

TARGET = Target(name="local", cloud="local", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=64)
NEEDS = Requirements(framework_version="2.15.1", python_version="3.11", pip=(), horovod=True, gpu=False)


def a_plan(**changes: Any) -> Plan:
    nodes = Infrastructure(
        location="eastus",
        vm_size="Standard_D8s_v5",
        node_count=2,
        orchestration_mode="Flexible",
        infiniband=False,
        accelerated_networking=True,
        security_type="Standard",
        image=Image("microsoft-dsvm", "ubuntu-hpc", "2404", "latest"),
        os_disk_gb=64,
        address_space="10.0.0.0/16",
        subnet_prefix="10.0.0.0/20",
        shared_directory=True,
        tags={},
    )
    tasks = tuple(Task(f"rank-{i}", "rank", i, i, 0, None) for i in range(2))
    values: dict[str, Any] = {
        "schema": 1,
        "name": "digits",
        "backend": "mpi",
        "dialect": None,
        "node_count": 2,
        "processes_per_node": 1,
        "gpus_per_node": 0,
        "use_gpu": False,
        "base_port": 2222,
        "tasks": tasks,
        "entry_script": "train.py",
        "arguments": (),
        "environment_variables": {},
        "requirements": NEEDS,
        "limits": Limits(max_run_duration=60, keep_outputs=60),
        "hold_on_failure": 0,
        "infrastructure": nodes,
    }
    return Plan(**{**values, **changes})


@dataclass(frozen=True)
class FakeSpec:
    target: Target = TARGET


@dataclass
class FakeObserver:
    """Remembers what it was told, as one line each."""

    lines: list[str] = field(default_factory=list)

    def expect(self, seconds: Mapping[str, float]) -> None:
        self.lines.append(f"expect {' '.join(seconds)}")

    def under_way(self, run: UnderWay) -> None:
        self.lines.append(f"under way {run.run}")

    def interject(self, text: str) -> None:
        self.lines.append(f"interject {text}")

    def begin(self, phase: str, text: str) -> None:
        self.lines.append(f"begin {phase}")

    def progress(self, phase: str, text: str) -> None:
        self.lines.append(f"progress {phase} {text}")

    def end(self, phase: str, seconds: float, text: str) -> None:
        self.lines.append(f"end {phase}")

    def fail(self, phase: str, seconds: float, text: str) -> None:
        self.lines.append(f"fail {phase} {text}")

    def say(self, text: str) -> None:
        self.lines.append(f"say {text}")

    def diagnose(self, diagnostic: Diagnostic) -> None:
        self.lines.append(f"diagnose {diagnostic.message}")

    def task(self, status: TaskStatus) -> None:
        self.lines.append(f"task {status.task} {status.state}")

    def line(self, task: str, text: str) -> None:
        self.lines.append(f"line {text}")

    def metric(self, point: Point) -> None:
        self.lines.append(f"metric {point.name} {point.value}")

    def tune(self, state: TuneState) -> None:
        self.lines += [f"tune {trial.number} {trial.state}" for trial in state.trials]


Nodes = Callable[[MemoryStore], None]


def succeeding(store: MemoryStore) -> None:
    """Two nodes whose training ends well."""
    _write(store, "tasks/rank-0.json", to_json(TaskStatus("rank-0", 0, "succeeded", exit_status=0)))
    store.put(keys.log_key("rank-0", 0), b"step 1\ntest accuracy: 0.97\n")
    store.put(keys.log_key("agent-0", 0), b"launched\n")
    store.put(keys.output_key("outputs", "model/weights.h5"), b"weights")
    _write(store, keys.OUTCOME, to_json(Outcome(Result.SUCCEEDED, "all ranks ended with 0", ended=5.0)))
    _write(store, keys.COLLECTED, {"files": 1})


def failing(store: MemoryStore) -> None:
    """A rank that ends with 7."""
    outcome = Outcome(Result.FAILED, "rank-1 ended with exit status 7", task="rank-1", exit_status=7, tail=("boom",))
    _write(store, keys.OUTCOME, to_json(outcome))
    _write(store, keys.COLLECTED, {"files": 0})


def differing(store: MemoryStore) -> None:
    """A node that is not what the run's lock says."""
    outcome = Outcome(Result.FAILED, "node 1 is not what the lock says: image: another version", node=1, differs=True)
    _write(store, keys.OUTCOME, to_json(outcome))
    _write(store, keys.COLLECTED, {"files": 0})


def training(store: MemoryStore) -> None:
    """Nodes that go on until they are told to stop, and then collect."""
    _write(store, "tasks/rank-0.json", to_json(TaskStatus("rank-0", 0, "running")))


def _write(store: MemoryStore, key: str, document: Any) -> None:
    store.put(key, json.dumps(document).encode())


class World:
    """The cloud of a test. `nodes` runs when the compute stack is up; `faults` are raised by the named step,
    `refusals` by one try to make the compute stack after the other (None: it works), when its group is there."""

    def __init__(self, tmp: Path, nodes: Nodes = succeeding, faults: Mapping[str, BaseException] | None = None) -> None:
        self.tmp = tmp
        self.nodes = nodes
        self.faults = dict(faults or {})
        self.store = MemoryStore()
        self.attempt_stores: dict[str, MemoryStore] = {}
        self.refusals: list[BaseException | None] = []
        self.groups: dict[str, dict[str, str]] = {}
        self.deleted: list[str] = []
        self.put_off: list[tuple[str, str, str]] = []
        self.running: int | None = 2
        self.deaths = ""
        self.machines: set[str] = set()
        self.removed: list[str] = []
        self.arm_answers = True
        self.lacks: dict[str, str] = {}
        self.exports: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, ArmAnswer] = {}
        self.untagged_groups: list[str] = []
        self.url: str | None = "file:///store/run"
        self.share: str | None = None
        self.closed = threading.Event()
        self.listing = 0.2
        self.collect = 3.0
        self.armed = True
        self.travels = Survey()
        self.preflight = False
        self.prerequisites = Prerequisites(may_delete=True, deleter_role="role-1")
        self.now = 1000.0
        self.step = 0.05
        self.observer = FakeObserver()
        self.interrupt = Interrupt()
        self.arm = FakeArm(self)

    def clock(self) -> float:
        self.now += self.step
        return self.now

    def fault(self, step: str) -> None:
        if step in self.faults:
            raise self.faults[step]

    # The engine

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        self.fault(f"up {part}")
        self.groups[group_name(config["run"], part)] = dict(config)
        if part == "keep":
            return {
                "store": {"endpoint": "file:///store/", "container": "run"},
                "shared": None,
                "identityId": "/identity",
                "identityClientId": "client",
            }
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            raise refusal
        self.nodes(self.store_at(json.loads(config["nodeSettings"])["store"]))
        return {}

    def store_at(self, url: str) -> MemoryStore:
        """The run's store, or that of a further attempt, or of a run on its nodes, below it."""
        if "/attempt-" not in url and "/on/" not in url:
            return self.store
        return self.attempt_stores.setdefault(url, MemoryStore())

    # ARM

    def read(self, path: str) -> ArmAnswer:
        self.fault("read")
        return self.documents.get(path, ArmAnswer(404, {"error": {"code": "ResourceNotFound", "message": path}}))

    def delete_group(self, group: str) -> None:
        self.fault("delete")
        self.deleted.append(group)
        self.groups.pop(group, None)

    def ports(self) -> Ports:
        return Ports(self.cloud(), self.arm, FakeWorkshop(self), self.store_at, self.clock)

    def lock(self, requirements: Requirements) -> Lock:
        self.fault("lock")
        self.locked = requirements
        return A_LOCK

    def cloud(self) -> Cloud:
        return Cloud(
            name="local",
            subscription_id="sub",
            tenant_id="tenant",
            owner="me",
            arm_endpoint="https://127.0.0.1:1",
            token_scope="scope",
            ca_file=None,
            credential=lambda: None,  # type: ignore[arg-type, return-value]
            provider_command=None,
            environment_cache=self.tmp / "cache",
            node_platform="",
            timeouts=Timeouts(register=30.0, start=30.0, heartbeat=10.0, collect=self.collect, listing=self.listing),
            ensure=lambda: None,
            preflight=self.preflight,
            pace=Pace(look=0.0),
        )

    def compiled(self, plan: Plan, target: Target = TARGET) -> Compiled:
        tree = {"plan.json": json.dumps(to_json(plan)), "stacks/group.py": ""}
        source = self.tmp / "source"
        source.mkdir(parents=True, exist_ok=True)
        (source / "train.py").touch()
        facts = read(project_from_arguments({"entry_script": "train.py"}, name="digits", folder=source))
        spec: Any = FakeSpec(target)
        return Compiled(facts, spec, plan, tree, (), source, travels=self.travels)

    def new_run(
        self,
        plan: Plan | None = None,
        given: Given | None = None,
        target: Target = TARGET,
        opened: list[str] | None = None,
        **options: Any,
    ) -> UpRun:
        """`opened` takes the URLs of the stores that the run opens."""
        compiled = self.compiled(plan or a_plan(), target)
        up = UpOptions(self.tmp, own_state=self.tmp / "state", letters="abc123", **options)
        ports = replace(self.ports(), open_store=self._opener(opened))
        return UpRun(compiled, ports, up, self.observer, self.interrupt, engine=FakeEngine(self), given=given)

    def _opener(self, opened: list[str] | None) -> Callable[[str], MemoryStore]:
        def open_store(url: str) -> MemoryStore:
            if opened is not None:
                opened.append(url)
            return self.store_at(url)

        return open_store


def preflighted(world: World, monkeypatch: pytest.MonkeyPatch, *found: Diagnostic) -> World:
    """The world, whose cloud wants a preflight, which finds this."""
    world.preflight = True
    answer = LiveAnswer("azure", found, (), 0.1)
    monkeypatch.setattr("tfinfra.lifecycle.preflight.check_registered", lambda *asked: answer)
    return world


def raised_by(run: Callable[[], Any]) -> BaseException | None:
    """What a call raises, None where it does not."""
    try:
        run()
    except (TeardownIncomplete, Exception) as error:  # noqa: BLE001 - a test asks which
        return error
    return None
