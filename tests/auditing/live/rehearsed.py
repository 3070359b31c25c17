"""Both stacks of a run on the local ARM, as their own program asks for them, with the baseline of each; and an audit of
what has become of them. The machines are fake, the ARM is the real local one, in this process."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.localcloud.calls import SUB, Arm
from tests.stacks.plans import INFRASTRUCTURES, SUBNET_ID
from tests.stacks.recording import RUN, SUBSCRIPTION, config, write
from tfinfra.arm.requests import ArmAnswer, ResourceRequest
from tfinfra.arm.standins import IDENTITIES, principal_of
from tfinfra.auditing.baseline import PartBaseline, part_baseline
from tfinfra.auditing.findings import Finding
from tfinfra.auditing.live.check import ask_all, drifts
from tfinfra.auditing.live.live_run import Extension, LiveRun
from tfinfra.auditing.live.questions import Question
from tfinfra.engine.recording import recording
from tfinfra.localcloud.common.tokens import OWNER_OID

KEEP_NAME, COMPUTE_NAME = f"tfinfra-{RUN}-keep", f"tfinfra-{RUN}-compute"
KEEP, COMPUTE = f"{SUB}/resourceGroups/{KEEP_NAME}", f"{SUB}/resourceGroups/{COMPUTE_NAME}"
SET = f"{COMPUTE}/providers/Microsoft.Compute/virtualMachineScaleSets/{RUN}-nodes"
RULES = f"{COMPUTE}/providers/Microsoft.Network/networkSecurityGroups/{RUN}-rules"
VNET = f"{COMPUTE}/providers/Microsoft.Network/virtualNetworks/{RUN}-vnet"
TIMER = f"{KEEP}/providers/Microsoft.Logic/workflows/{RUN}-timer"
NODES = f"{KEEP}/providers/{IDENTITIES}/{RUN}-nodes"


@cache
def requests_of(which: str) -> Mapping[str, tuple[ResourceRequest, ...]]:
    """{group: what its stack asks for}."""
    found = {}
    with TemporaryDirectory() as folder:
        deploy = write(INFRASTRUCTURES[which], Path(folder))
        caller = recording.RecordedCaller(SUBSCRIPTION, OWNER_OID)
        for part, group in (("keep", KEEP_NAME), ("compute", COMPUTE_NAME)):
            found[group] = recording.record(deploy, RUN, part, config(part), caller).requests
    return found


@dataclass
class Rehearsed:
    """`arm` has what the baselines, by group, were read from. `answers` replaces ARM's answers by path, as an ARM of
    another day may give them; `extended` are events of the run's log."""

    arm: Arm
    parts: dict[str, PartBaseline | None] = field(default_factory=dict)
    answers: dict[str, ArmAnswer] = field(default_factory=dict)
    extended: tuple[Extension, ...] = ()
    ended: bool = False
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def audit(self) -> tuple[Finding, ...]:
        answers = ask_all(RUN, SUBSCRIPTION, self.parts, self.ask)
        live = LiveRun(RUN, SUBSCRIPTION, self.parts, answers, self.arm.now, self.ended, self.extended)
        return drifts(live)

    def ask(self, questions: Iterable[Question]) -> dict[Question, ArmAnswer]:
        return {question: self.read(question.path, question.version, dict(question.query)) for question in questions}

    def read(self, path: str, version: str, query: Mapping[str, str] | None = None) -> ArmAnswer:
        if path.lower() in self.answers:
            return self.answers[path.lower()]
        more = "".join(f"&{name}={value}" for name, value in (query or {}).items())
        with self.one_at_a_time:
            reply = self.arm.get(path, query=f"api-version={version}{more}")
        return ArmAnswer(reply.status, reply.body)

    def answer(self, path: str, document: Any, status: int = 200) -> None:
        self.answers[path.lower()] = ArmAnswer(status, document)

    def document(self, path: str) -> Any:
        """ARM's own document of a resource that the stacks made, to be changed."""
        return json.loads(json.dumps(self.arm.get(path).body))

    def change(self, path: str, **changes: Any) -> None:
        """Writes the resource anew, with other members at its top or in its properties, as its owner may."""
        body = self.document(path)
        body.get("properties", {}).pop("provisioningState", None)
        properties = {**body.get("properties", {}), **changes.pop("properties", {})}
        reply = self.arm.put(path, {**body, **({"properties": properties} if properties else {}), **changes})
        assert reply.status < 300, reply.body
        self.arm.settle()


def make(folder: Path, which: str) -> Rehearsed:
    """Makes both stacks, lets the timer look once, and notes the baselines."""
    arm = Arm(folder)
    _make_hub(arm)
    known: dict[str, str] = {}
    made: dict[str, list[ResourceRequest]] = {}
    for group, requests in requests_of(which).items():
        for request in requests:
            real = _with(request, known)
            reply = arm.put(real.path, real.body, query=f"api-version={real.api_version}")
            assert reply.status < 300, (real.path, reply.body)
            arm.settle()
            if request.arm_type == IDENTITIES:
                known[principal_of(request.path)] = reply.body["properties"]["principalId"]
            made.setdefault(group, []).append(real)
        arm.tick()
    rehearsed = Rehearsed(arm)
    for group, those in made.items():
        read = [(one, rehearsed.read(one.path, one.api_version)) for one in those]
        rehearsed.parts[group] = part_baseline(group, arm.now, read)
    return rehearsed


def _make_hub(arm: Arm) -> None:
    """The network of somebody else's that "two nodes in a subnet" join."""
    network = SUBNET_ID.partition("/subnets/")[0]
    assert arm.put(network.partition("/providers/")[0], {"location": "eastus"}).status == 201
    subnets = [{"name": "training", "properties": {"addressPrefix": "10.1.0.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": subnets}
    assert arm.put(network, {"location": "eastus", "properties": space}).status == 201


def copied(made: Rehearsed, folder: Path) -> Rehearsed:
    """The same on an ARM of its own."""
    shutil.copytree(made.arm.layout.root, folder)
    return Rehearsed(Arm(folder), dict(made.parts))


def _with(request: ResourceRequest, known: Mapping[str, str]) -> ResourceRequest:
    """The request with the principals that ARM has made in the place of their stand-ins."""
    text = json.dumps(request.body)
    for standin, principal in known.items():
        text = text.replace(standin, principal)
    return ResourceRequest(request.name, request.arm_type, request.api_version, request.path, json.loads(text))
