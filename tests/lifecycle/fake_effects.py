"""The effects of a played world: its engine, its ARM, its workshop, and stacks in a backend of the user's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tfinfra.arm.requests import ArmAnswer
from tfinfra.azure.deletion.group_names import run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.bundle import Bundle, Source
from tfinfra.cloud import Cloud
from tfinfra.engine.client import EngineProcess
from tfinfra.environment.installed_modules import InstalledModules
from tfinfra.environment.lock_file import Lock
from tfinfra.lifecycle.run.arm import NO_QUERY, RunArm
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.model import Access, Infrastructure, Plan, Requirements, Target
from tfinfra.store import keys
from tfinfra.system.progress import Progress

if TYPE_CHECKING:
    from tests.lifecycle.fakes import World

A_LOCK = Lock("lock-1", 1, "linux-x86_64", "3.11", "tensorflow", "2.15.1", "", None, None, "", gpu=False)
DIGEST = "ab" * 32
"""The bundle's."""


class FakeEngine(EngineProcess):
    """The stacks of a world's run, in no process."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(
        self, cloud: Cloud, deploy: Path, run: str, state: Path, progress: Progress, *, packs: Path | None = None
    ) -> FakeEngine:
        return self

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        return self._world.up(part, config)

    def export(self, part: str) -> dict[str, Any]:
        return self._world.exports.get(part, {"part": part})

    def close(self) -> None:
        self._world.closed.set()


class FakeArm(RunArm):
    """What a world's ARM does and says."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put_off(self, group: str, run: str, moment: str) -> None:
        self._world.fault("put off")
        self._world.put_off.append((group, run, moment))

    def answers(self) -> bool:
        return self._world.arm_answers

    def groups(self) -> Sequence[RunGroup]:
        return tuple(RunGroup(group, run_of_group(group) or "", "") for group in self._world.groups)

    def read(self, path: str, version: str, query: Mapping[str, str] = NO_QUERY, *, patient: bool = True) -> ArmAnswer:
        return self._world.read(path)

    def untagged_groups(self) -> Sequence[str]:
        return tuple(self._world.untagged_groups)

    def store_of(self, group: str) -> str | None:
        return self._world.url

    def share_of(self, group: str) -> str | None:
        return self._world.share

    def delete_group(self, group: str, run: str, progress: Progress) -> None:
        self._world.delete_group(group)

    def remove(self, id_: str, group: str, run: str) -> None:
        self._world.fault("remove")
        self._world.removed.append(id_)

    def running_instances(self, group: str) -> int | None:
        return self._world.running

    def deaths(self, group: str) -> str:
        return self._world.deaths

    def machine_ids(self, group: str) -> frozenset[str]:
        return frozenset(self._world.machines)

    def prerequisites(self, access: Access) -> Prerequisites:
        self._world.fault("prerequisites")
        return self._world.prerequisites

    def known_shortage(self, plan: Plan, target: Target, place: Infrastructure, *, tried: bool) -> str | None:
        return self._world.lacks.get(place.location)

    def timer_armed(self, group: str, workflow: str) -> bool:
        return self._world.armed


class FakeWorkshop(Workshop):
    """Makes nothing but a small file."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ensure_tools(self, progress: Progress) -> None:
        pass

    def lock(self, requirements: Requirements, progress: Progress) -> Lock:
        return self._world.lock(requirements)

    def modules(self, lock: Lock, built: Path | None) -> InstalledModules | None:
        return None

    def modules_of_wheels(self, lock: Lock, names: Collection[str], progress: Progress) -> InstalledModules | None:
        return None

    def environment(self, lock: Lock, progress: Progress) -> Path | None:
        self._world.fault("environment")
        return Path("environment")

    def bundle(self, plan: Plan, source: Source, lock: Lock, prebuilt: Path | None, *, out: Path) -> Bundle:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(b"bundle")
        return Bundle(out, keys.bundle_key(DIGEST), DIGEST)


class FakePulumi:
    """Stacks in a backend of the user's own: those that were `dropped`, and those that remain unless that is forced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dropped: list[str] = []
        self.remaining: dict[str, str] = {}
        monkeypatch.setattr("tfinfra.engine.stack_removal.drop_stacks", self._drop)

    def _drop(self, stacks: Sequence[str], *, force: bool) -> dict[str, str]:
        self.dropped += stacks
        return {stack: reason for stack, reason in self.remaining.items() if not force}
