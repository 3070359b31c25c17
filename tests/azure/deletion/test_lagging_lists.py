"""A cloud whose lists lag, as ARM's do: what it has just made is not named yet, and no run ends by that."""

from __future__ import annotations

import json
import time

from tests.azure import fake_daemon
from tests.azure.fake_daemon import COMPUTE_NAME, admin, make
from tests.lifecycle.fakes import FakeObserver, a_plan
from tfinfra.azure.vm_instances import instances
from tfinfra.cloud import Cloud
from tfinfra.clouds import AZURE_TIMEOUTS
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import Heartbeat, to_json
from tfinfra.store import MemoryStore, keys

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults


def test_machines_that_beat_and_are_not_listed_yet_train_on(cloud: Cloud) -> None:
    admin(cloud, "PUT", "market", {"lists": 600})
    try:
        make(cloud)
        listed, store, now = list[int](), MemoryStore(), [0.0]

        def count() -> int:
            listed.append(len(instances(cloud, COMPUTE_NAME)))
            return listed[-1]

        watch = Watch(
            store,
            a_plan(),
            timeouts=AZURE_TIMEOUTS,
            observer=FakeObserver(),
            clock=lambda: now[0],
            instances=count,
        )
        watch.boot_began()
        for second in range(120):
            beat = Heartbeat("n0", second, now[0], "training")
            store.put(keys.heartbeat_key("n0"), json.dumps(to_json(beat)).encode())
            now[0] += 1.0
            time.sleep(0.02)
            assert watch.poll() is None
        assert listed
        assert set(listed) == {0}
    finally:
        admin(cloud, "DELETE", "market")
