"""The three layers of deletion, each alone with the others disabled: real stacks, the real ARM clients and the local
cloud's daemon, with machines that only exist on paper and the nodes' own code in their place."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.azure import platform
from tests.azure.arm_calls import disable
from tests.engine import test_engine
from tests.stacks.plans import ALONE, FLEXIBLE, OTHERS, plan
from tests.stacks.recording import RUN, config, write
from tfinfra.agent.end.await_deletion import linger
from tfinfra.agent.end.cleanup import delete_compute_group
from tfinfra.agent.end.deadline_watch import DeadlineWatch
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.azure.clients import send_json
from tfinfra.azure.deletion.groups import group_exists
from tfinfra.azure.prerequisites.find import require_prerequisites
from tfinfra.azure.timer import await_armed
from tfinfra.cloud import Cloud
from tfinfra.engine.pulumi import Engine
from tfinfra.lifecycle.end.teardown import Teardown
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.lifecycle.record.names import begun_groups
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.localcloud.common.state_files import read_json
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call
from tfinfra.model import Infrastructure, NodeSettings, Timeouts
from tfinfra.store import MemoryStore
from tfinfra.system.clock import iso_time

pytestmark = pytest.mark.engine

KEEP, COMPUTE = f"tfinfra-{RUN}-keep", f"tfinfra-{RUN}-compute"
TIMER = f"{RUN}-timer"
HOUR, DAY = 3600.0, 86400.0

cloud, endpoint = test_engine.cloud, test_engine.endpoint  # fixtures


@pytest.fixture
def at_rest(cloud: Cloud, endpoint: Endpoint) -> Iterator[None]:
    """Afterwards the timers' clock is right again, and no group of a platform team is left."""
    yield
    call(endpoint, "PUT", "clock", {"ahead": 0})
    platform.remove(cloud)


@dataclass
class Run:
    """A run's two groups, an hour before the deadline of one and a day before the other's."""

    cloud: Cloud
    endpoint: Endpoint
    keep: dict[str, Any]

    def there(self) -> tuple[bool | None, bool | None]:
        return group_exists(self.cloud, COMPUTE), group_exists(self.cloud, KEEP)

    def becomes(self, wanted: tuple[bool, bool], seconds: float = 30.0) -> bool:
        until = time.monotonic() + seconds
        while self.there() != wanted and time.monotonic() < until:
            time.sleep(0.1)
        return self.there() == wanted

    def pass_time(self, seconds: float) -> None:
        """Sets the clock of the timers, and of nothing else."""
        call(self.endpoint, "PUT", "clock", {"ahead": seconds})

    def disable_timer(self) -> None:
        path = f"/subscriptions/{self.cloud.subscription_id}/resourceGroups/{KEEP}"
        path += f"/providers/Microsoft.Logic/workflows/{TIMER}"
        disable(self.cloud, path)

    def node(self, number: int, deadline: float) -> AgentContext:
        """The agent of one of the machines, as far as it deletes: its own metadata, its own identity's token."""
        assert self.cloud.ca_file is not None
        folder = self.cloud.ca_file.parent / "groups" / COMPUTE / "machines" / f"{RUN}-nodes"
        instance = read_json(folder / "spec.json")["spec"]["instances"][number]
        group = f"/subscriptions/{self.cloud.subscription_id}/resourceGroups/{COMPUTE}"
        settings = NodeSettings(
            run=RUN,
            store="",
            shared=None,
            bundle="",
            bundle_sha256="",
            identity_client_id=self.keep.get("identityClientId", ""),
            arm_endpoint=self.cloud.arm_endpoint,
            arm_ca=self.cloud.ca_file.read_text(),
            compute_group_id=group,
            deadline=iso_time(deadline),
            timeouts=Timeouts(30, 30, 30, 30),
        )
        store, clock, who = MemoryStore(), _Fast(), Identity(instance["vm_id"], "10.0.0.9", None)
        return AgentContext(
            settings=settings,
            plan=plan(FLEXIBLE),
            paths=NodePaths(Path("/nowhere")),
            inherited={},
            clock=clock,
            metadata=Metadata(instance["metadata_url"], settings.identity_client_id),
            identity=who,
            store=store,
            heartbeats=Heartbeats(store, who.node_id, clock),
            logs=LogShipper(store, clock, free=True),
            pause=0.1,
        )


class _Ended(Exception):
    """The test has seen enough of a node."""


def _linger(context: AgentContext) -> None:
    with suppress(_Ended):
        linger(context, context.clock.sleep)


class _Fast:
    """A clock of which a hundred seconds take one, until the node is `ended`."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return 100 * time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self.ended.wait(seconds / 100):
            raise _Ended


Start = Callable[..., Run]


@pytest.fixture
def start(cloud: Cloud, endpoint: Endpoint, at_rest: None, tmp_path: Path) -> Iterator[Start]:
    """Brings both stacks up, and proves the timer unless it is not to be there."""
    engines: list[Engine] = []

    def make(infrastructure: Infrastructure = FLEXIBLE, deadline: float = HOUR, **more: str) -> Run:
        engine = Engine(cloud, write(infrastructure, tmp_path / "deploy"), RUN, tmp_path / "state", None)
        engines.append(engine)
        now = time.time()
        latest = iso_time(now + deadline)
        keep = engine.up("keep", {**config("keep", iso_time(now + DAY), latest), **more})
        if keep.get("timerIdentityId"):
            assert await_armed(cloud, KEEP, TIMER, timeout=30)
        own = {"identityId": keep["identityId"], "timerIdentityId": keep.get("timerIdentityId", "")}
        engine.up("compute", {**config("compute", latest, latest), **own, **more})
        return Run(cloud, endpoint, keep)

    yield make
    for engine in engines:
        engine.close()


def test_the_timer_alone_deletes_each_group_in_its_own_time(start: Start) -> None:
    run = start()
    run.pass_time(HOUR - 60)
    time.sleep(1.5)  # some ticks
    assert run.there() == (True, True)
    run.pass_time(HOUR + 600)
    assert run.becomes((False, True))
    run.pass_time(DAY + 600)
    assert run.becomes((False, False))


@pytest.mark.parametrize("number", [0, 1])
def test_a_node_alone_deletes_the_machines_at_the_end_of_the_job(start: Start, number: int) -> None:
    run = start()
    run.disable_timer()
    run.pass_time(2 * DAY)
    host = run.node(number, time.time() + HOUR)
    threading.Thread(target=_linger, args=(host,), daemon=True).start()
    time.sleep(1.0)
    assert run.there() == (True, True)
    host.store.put("outcome.json", json.dumps({"result": "succeeded", "message": ""}).encode())
    host.store.put("collected.json", b"{}")
    assert run.becomes((False, True))
    assert isinstance(host.clock, _Fast)
    host.clock.ended.set()


def test_a_node_alone_deletes_the_machines_at_the_deadline_and_may_delete_nothing_else(start: Start) -> None:
    run = start(deadline=0.0)
    run.disable_timer()
    host = run.node(1, time.time() + 2)
    keep = host.settings.compute_group_id.replace("-compute", "-keep")
    assert not delete_compute_group(replace(host.settings, compute_group_id=keep), host.metadata)
    deadline = DeadlineWatch(host)
    deadline.start()
    assert run.becomes((False, True))
    deadline.stop()


def test_the_client_alone_deletes_everything(start: Start) -> None:
    run = start(deleterRole="none")
    assert "timerIdentityId" not in run.keep
    run.pass_time(2 * DAY)
    assert not delete_compute_group(run.node(0, 0.0).settings, run.node(0, 0.0).metadata)
    assert run.there() == (True, True)
    assert (
        Teardown(real_ports(run.cloud, time.time), BorrowedFolder(Path(RUN)), RUN, print).delete(
            begun_groups(None, RUN)
        )
        == {}
    )
    assert run.there() == (False, False)


@pytest.mark.parametrize("which", OTHERS)
def test_with_what_others_made_both_stacks_come_up_and_every_layer_that_is_on_works(
    start: Start, cloud: Cloud, which: str
) -> None:
    access = OTHERS[which]
    platform.make_all(cloud, RUN)
    assert await_armed(cloud, "platform", "reaper", timeout=30)
    prerequisites = require_prerequisites(cloud, access)
    assert prerequisites.may_delete is (not access.reaper_id or not access.identity_id)
    run = start(replace(ALONE, access=access))
    if prerequisites.store_url:
        assert Path(urlsplit(prerequisites.store_url).path).is_dir()
    node = run.node(0, time.time() + HOUR)
    client = prerequisites.identity_client_id or run.keep["identityClientId"]
    metadata = Metadata(node.metadata._url, client)
    told = replace(node.settings, identity_client_id=client, may_delete=not access.identity_id)
    assert delete_compute_group(told, metadata) is not bool(access.identity_id)
    run.pass_time(HOUR + 600)
    assert run.becomes((False, True))
    if not access.reaper_id:
        run.pass_time(DAY + 600)
        assert run.becomes((False, False))


def test_no_tag_buys_time_and_the_timer_stays_until_the_machines_are_gone(start: Start, cloud: Cloud) -> None:
    """A Tag Contributor moves the machines' time away, and the timer's own group's into the past."""
    run = start()
    far, past = {"tfinfra-expires-at": "2099-01-01T00:00:00Z"}, {"tfinfra-expires-at": "2000-01-01T00:00:00Z"}
    for group, tags in ((COMPUTE, far), (KEEP, past)):
        path = (
            f"/subscriptions/{cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.Resources/tags/default"
        )
        body = {"operation": "Merge", "properties": {"tags": tags}}
        assert send_json(cloud, "PATCH", path, body, **{"api-version": "2021-04-01"})[0] == 200
    run.pass_time(HOUR - 60)
    time.sleep(1.5)  # some ticks
    assert run.there() == (True, True)
    run.pass_time(HOUR + 600)
    assert run.becomes((False, True)) or run.there() == (False, False)
    run.pass_time(HOUR + 1200)
    assert run.becomes((False, False))
