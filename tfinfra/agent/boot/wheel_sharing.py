"""One node of a run compiles Horovod, and the others fetch the wheel through the run's store.

    wheels/<key>/claim-<n>.json    {"node"}: put if absent; the node that wrote it builds
    wheels/<key>/<sha256>.whl      the wheel
    wheels/<key>/wheel.json        {"name", "sha256", "attempt"}: written after it; attempt is the claim's number
    wheels/<key>/failed.json       {"message"}: the build failed, and would fail elsewhere too

A builder is dead when its node's heartbeat has stood still for `silence` seconds of this node's own clock, or when it
takes longer than `longest`: then the next claim is made, as it is where the wheel is not what its record says. Two that
build at once after all do no harm: their wheels have names of their own, and wheel.json names a whole one.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.node.node_records import read, write
from tfinfra.errors import ProvisioningError, first_line
from tfinfra.model import Heartbeat, WheelClaim, WheelFailure, WheelRecord
from tfinfra.store import ObjectStore, keys, put_first, store_errors
from tfinfra.system.clock import Clock

_LOOK = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedWheels:
    """A WheelSource for one node of several. `silence` and `longest` are seconds."""

    store: ObjectStore
    node_id: str
    clock: Clock
    silence: float
    longest: float = 1200.0

    def __call__(self, key: str, folder: Path, build: Callable[[], None]) -> None:
        """Leaves the wheel in `folder`. Raises what `build` raises, ProvisioningError where another's build failed."""
        attempt = 0
        while not self._fetched(key, attempt, folder):
            # This node builds where it is the first to say so, or had said so before it was started again.
            name = keys.wheel_claim_key(key, attempt)
            first = put_first(self.store, name, WheelClaim(self.node_id))
            claim = None if first else read(self.store, name, WheelClaim)
            owner = claim.node if claim else self.node_id
            if owner == self.node_id:
                self._build(key, attempt, folder, build)
                return
            _log.info("waiting for %s, which builds Horovod", owner)
            if self._comes(key, attempt, owner) and self._fetched(key, attempt, folder):
                return
            _log.warning("there is no wheel of %s, which was to build Horovod", owner)
            attempt += 1

    def _build(self, key: str, attempt: int, folder: Path, build: Callable[[], None]) -> None:
        """Builds, and publishes the wheel for the others: this node has it, whatever the store says."""
        try:
            build()
        except Exception as error:
            with suppress(*store_errors()):
                write(self.store, keys.wheel_failure_key(key), WheelFailure(str(error)))
            raise
        wheel = next(folder.glob("*.whl"))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        try:
            self.store.put_file(keys.wheel_key(key, digest), wheel)
            write(self.store, keys.wheel_record_key(key), WheelRecord(wheel.name, digest, attempt))
        except store_errors() as error:
            _log.warning("the wheel could not be shared, each node builds its own: %s", first_line(error))

    def _record(self, key: str, attempt: int) -> WheelRecord | None:
        """What was built under this claim or a later one."""
        record = read(self.store, keys.wheel_record_key(key), WheelRecord)
        return record if record and record.attempt >= attempt else None

    def _comes(self, key: str, attempt: int, owner: str) -> bool:
        """Waits for the owner's wheel; False once the owner is dead. Raises ProvisioningError: its build failed."""
        since = moved = self.clock.monotonic()
        sequence = -1  # of the owner's last heartbeat
        while self._record(key, attempt) is None:
            failed = read(self.store, keys.wheel_failure_key(key), WheelFailure)
            if failed is not None:
                raise ProvisioningError(f"Horovod could not be built on {owner}: {failed.message}")
            now = self.clock.monotonic()
            beat = read(self.store, keys.heartbeat_key(owner), Heartbeat)
            if beat is not None and beat.sequence > sequence:
                moved, sequence = now, beat.sequence
            if now - moved > self.silence or now - since > self.longest:
                return False
            self.clock.sleep(_LOOK)
        return True

    def _fetched(self, key: str, attempt: int, folder: Path) -> bool:
        """Whether the wheel is in the store and what its record says; then it is in `folder`."""
        record = self._record(key, attempt)
        if record is None:
            return False
        staging = folder.with_suffix(".fetched")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        wheel = staging / record.name
        try:
            self.store.get_file(keys.wheel_key(key, record.sha256), wheel)
        except FileNotFoundError:
            _log.warning("the shared wheel is not there")
            return False
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != record.sha256:
            _log.warning("the shared wheel is not what its builder made")
            return False
        staging.rename(folder)
        _log.info("fetched %s, which another node has built", wheel.name)
        return True
