"""The daemon's own paths, below /tfinfra/: its state, the clients that wait for it, and what a test may set: faults,
quotas, settings of the subscription, events of machines, the timers' clock. For its owner only."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfinfra.localcloud.arm.core import MAKER_HINTS, ArmResponse, Core
from tfinfra.localcloud.arm.fault_injection import Faults
from tfinfra.localcloud.arm.providers import compute, quota
from tfinfra.localcloud.arm.rbac.directory import Directory
from tfinfra.localcloud.arm.subscription.subscription_settings import SubscriptionSettings
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.first_answers import first_answers
from tfinfra.localcloud.common.scheduled_events import NOTICE_SECONDS, check_type
from tfinfra.version import __version__

HELLO_SECONDS = 60.0  # how long a client that said hello is waited for before it makes its first group
GRACE_SECONDS = 2.0


@dataclass
class Presence:
    """Whether the daemon is still needed: by a group, work under way, or a client that has just said hello.

    `clients` maps process ids to the time until which each is waited for; a client that has ended is not. `leave` ends
    the daemon without a grace.
    """

    core: Core
    clients: dict[int, float] = field(default_factory=dict)
    leave: Callable[[], None] = lambda: None
    _runs: set[str] = field(default_factory=set)
    _needed: float = 0.0

    def hello(self, pid: int, now: float) -> None:
        self.clients[pid] = now + HELLO_SECONDS

    def may_leave(self, now: float) -> bool:
        """Whether the daemon has not been needed for the grace time. To be called about once a second."""
        # a new run's first group is what the client that said hello first came for
        runs = {g.tags.get("tfinfra-run", g.name) for g in self.core.context.state.groups()}
        for _ in runs - self._runs:
            if self.clients:
                self.clients.pop(next(iter(self.clients)))
        self._runs = runs
        self.clients = {pid: until for pid, until in self.clients.items() if until > now and _lives(pid)}
        if self.core.context.state.groups() or self.core.busy or self.clients:
            self._needed = now
        return now > self._needed + GRACE_SECONDS

    def stays(self, now: float) -> None:
        self._needed = now


@dataclass
class Admin:
    core: Core
    faults: Faults
    presence: Presence

    async def __call__(self, method: str, path: str, body: Any) -> ArmResponse:
        """Raises ArmRefusal (404) for an unknown path."""
        answers = {
            "GET health": self._health,
            "POST hello": self._hello,
            "POST quit": self._quit,
            "GET faults": self._faults,
            "POST faults": self._add_fault,
            "DELETE faults": self._clear_faults,
            "PUT quotas": self._quotas,
            "DELETE quotas": self._usual_quotas,
            "PUT market": self._subscription,
            "DELETE market": self._usual_subscription,
            "PUT directory": self._directory,
            "DELETE directory": self._usual_directory,
            "PUT clock": self._clock,
            "PUT metadata": self._metadata,
            "PUT images": self._images,
            "PUT wishes": self._maker_hints,
            "POST events": self._add_event,
        }
        answer = answers.get(f"{method} {path.removeprefix('/tfinfra/')}")
        if answer is None:
            raise ArmRefusal(404, "NotFound", f"There is nothing at '{method} {path}'.")
        return answer(body or {})

    def _faults(self, _: dict[str, Any]) -> ArmResponse:
        return ArmResponse(200, {"value": self.faults.documents()})

    def _add_fault(self, body: dict[str, Any]) -> ArmResponse:
        self.faults.add(body)
        return ArmResponse(201, {})

    def _clear_faults(self, _: dict[str, Any]) -> ArmResponse:
        self.faults.clear()
        return ArmResponse(200, {})

    def _quotas(self, body: dict[str, Any]) -> ArmResponse:
        """{name: limit} as Microsoft.Compute/…/usages names them, or {location: {name: limit}}."""
        self.core.context.quotas.update(quota.settings(body))
        return ArmResponse(200, self.core.context.quotas)

    def _usual_quotas(self, _: dict[str, Any]) -> ArmResponse:
        self.core.context.quotas.clear()
        return ArmResponse(200, {})

    def _subscription(self, body: dict[str, Any]) -> ArmResponse:
        """Replaces members of SubscriptionSettings: {"policies": [{"name", "path", "allowed"}], …}."""
        self.core.context.subscription = self.core.context.subscription.changed(body)
        return ArmResponse(200, {})

    def _usual_subscription(self, _: dict[str, Any]) -> ArmResponse:
        """Resets the quotas too."""
        self.core.context.subscription = SubscriptionSettings()
        self.core.context.quotas.clear()
        self.core.context.registered.clear()
        return ArmResponse(200, {})

    def _directory(self, body: dict[str, Any]) -> ArmResponse:
        """Replaces members of Directory: {"principals": {oid: type}, …}."""
        self.core.context.directory = self.core.context.directory.changed(body)
        return ArmResponse(200, {})

    def _usual_directory(self, _: dict[str, Any]) -> ArmResponse:
        self.core.context.directory = Directory()
        return ArmResponse(200, {})

    def _clock(self, body: dict[str, Any]) -> ArmResponse:
        """{"ahead": seconds}: how far the timers' clock is ahead of the real one, which machines and tokens keep."""
        self.core.context.ahead = float(body["ahead"])
        return ArmResponse(200, {"ahead": self.core.context.ahead})

    def _maker_hints(self, body: dict[str, Any]) -> ArmResponse:
        """The hints for makers that send no headers, as azure-native itself: {"machines": kind, "blobs": "azurite",
        "image": folder}, and the program "azurite". They replace the former ones."""
        context = self.core.context
        if program := body.get("azurite"):
            context.azurite = Path(program)
        context.maker_hints = {name: str(body[name]) for name in MAKER_HINTS if body.get(name)}
        return ArmResponse(200, context.maker_hints)

    def _metadata(self, body: dict[str, Any]) -> ArmResponse:
        """{"token_statuses", "events_seconds"}: how the machines' metadata endpoint behaves at first."""
        self.core.context.first_answers = first_answers(body)
        return ArmResponse(200, {})

    def _images(self, body: dict[str, Any]) -> ArmResponse:
        """{"disk_mb"}: how large the disk of an image is before its machine grows it, 0 for the host's own. Such a disk
        is in memory."""
        self.core.context.image_mb = int(body["disk_mb"])
        return ArmResponse(200, {})

    def _add_event(self, body: dict[str, Any]) -> ArmResponse:
        """{"type", "machine", "seconds", "told"}: what happens to a machine (its name, computer name or vmId), and in
        how many seconds; by default the least notice that Azure gives. The machine's metadata endpoint announces it,
        unless `told` is false."""
        kind = check_type(str(body.get("type")))
        instance = compute.find_instance(self.core.context, str(body.get("machine")))
        if instance is None:
            raise ArmRefusal(404, "NotFound", f"There is no machine '{body.get('machine')}'.")
        not_before = self.core.context.now() + float(body.get("seconds", NOTICE_SECONDS[kind]))
        event = self.core.context.events.add(
            kind, instance["vm_id"], instance["name"], not_before, announced=body.get("told", True)
        )
        return ArmResponse(201, event.document())

    def _health(self, _: dict[str, Any]) -> ArmResponse:
        groups = [g.name for g in self.core.context.state.groups()]
        return ArmResponse(200, {"version": __version__, "pid": os.getpid(), "groups": groups, "busy": self.core.busy})

    def _hello(self, body: dict[str, Any]) -> ArmResponse:
        """{"pid", "azurite"}: a client that is about to use the cloud, the program that serves the blobs of its
        accounts where it wants that."""
        if body.get("azurite"):
            self.core.context.azurite = Path(body["azurite"])
        self.presence.hello(int(body["pid"]), self.core.context.now())
        return self._health({})

    def _quit(self, _: dict[str, Any]) -> ArmResponse:
        if self.core.context.state.groups() or self.core.busy:
            raise ArmRefusal(409, "Conflict", "there are resource groups")
        answer = self._health({})
        self.presence.leave()
        return answer


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
