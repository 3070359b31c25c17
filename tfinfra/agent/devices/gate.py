"""The gate before a node with GPUs registers: CUDA starts there, and on as many GPUs as its size has. Without it a node
whose driver does not start trains on its processor, at the price of its GPUs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.agent.node_errors import NodeFault
from tfinfra.model import Plan
from tfinfra.system.clock import Clock
from tfinfra.system.process.commands import finished

LIBRARY = "libcuda.so.1"
PATIENCE = 300.0
"""Seconds that a driver may take after the boot: the fabric manager of NVSwitch machines is slow to start."""
_PAUSE = 5.0
_LIMIT = 120.0  # seconds for one look; eight GPUs take about ten
_ASK_SYSTEMD = ("systemctl", "is-failed", "nvidia-fabricmanager")
_NOT_YET = (802, 3)
_MEANINGS = {
    2: "out of memory",
    3: "not initialized",
    46: "the device is busy or unavailable",
    100: "no device: the driver does not serve this GPU, or is not loaded",
    214: "uncorrectable ECC error",
    802: "the system is not yet initialized: on machines with NVSwitch the fabric manager does that",
    803: "the driver and its library are of different versions",
    804: "the library is newer than the driver serves",
    999: "unknown",
}
"""Of the driver's errors, those that machines have had (docs.nvidia.com/cuda/cuda-driver-api, CUresult)."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gpu:
    """`capability` is 80 for 8.0; `status` what a small allocation gave, 0 for well."""

    capability: int
    status: int


@dataclass(frozen=True)
class Cuda:
    """What the driver says. `status` is that of cuInit, 0 for well; `driver` the newest CUDA that it serves (12020 for
    12.2); `problem` why nothing could be asked, "" where it could."""

    status: int = 0
    driver: int = 0
    gpus: tuple[Gpu, ...] = ()
    problem: str = ""

    @property
    def capability(self) -> int:
        """The lowest of its GPUs' compute capabilities, 0 without GPUs."""
        return min((gpu.capability for gpu in self.gpus), default=0)

    @property
    def well(self) -> int:
        """The number of GPUs that can be used."""
        return sum(gpu.status == 0 for gpu in self.gpus)


def required_gpus(plan: Plan, environment: dict[str, Any]) -> int:
    """How many GPUs this node must have, from its plan and environment.json: those of its size where it is a machine
    of its own and the environment is a GPU build. 0 elsewhere: a rehearsal takes the CPU build, and a node that finds
    the client's environment is a process on the client's machine, whose GPUs `up` has looked at."""
    own_machine = environment.get("prebuilt") is None
    return plan.gpus_per_node if plan.use_gpu and own_machine and environment["lock"].get("gpu") else 0


def await_gpus(required: int, who: str, clock: Clock, ask: Callable[[], Cuda] | None = None) -> Cuda:
    """What the driver says, once `required` GPUs answer. `who` names the node in the fault.

    Raises NodeFault with the driver's number where they do not: after up to PATIENCE seconds of what may pass by
    itself, else at once.
    """
    give_up = clock.monotonic() + PATIENCE
    while True:
        found = (ask or ask_driver)()
        statuses = (found.status, *(gpu.status for gpu in found.gpus if found.well < required))
        early = next((status for status in statuses if status in _NOT_YET), None)
        if early is None or clock.monotonic() >= give_up:
            break
        _log.info("CUDA does not start yet: %s", _named(early))
        clock.sleep(_PAUSE)
    if fault := _fault(found, required):
        raise NodeFault(f"{who} cannot use its GPUs: {fault}; nvidia-fabricmanager is {_fabric_manager()}")
    _log.info("%d GPUs answer, driver for CUDA %s, capability %d", found.well, spelt(found.driver), found.capability)
    return found


def spelt(version: int) -> str:
    """ "12.2" of 12020."""
    return f"{version // 1000}.{version % 1000 // 10}"


def ask_driver(library: str = LIBRARY, limit: float = _LIMIT) -> Cuda:
    """Asks in a process of its own. A driver that hangs may hold that process for ever: it is left behind then."""
    program = str(Path(__file__).with_name("cuda_probe.py"))
    probe = subprocess.Popen(
        [sys.executable, "-I", program, library],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        said, _ = probe.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        probe.kill()
        return Cuda(problem=f"the driver did not answer within {limit:g} s")
    if probe.returncode:
        return Cuda(problem=f"asking the driver ended with exit status {probe.returncode}")
    try:
        answer = json.loads(said.splitlines()[-1])  # a driver may print lines of its own before it
    except (IndexError, ValueError):
        return Cuda(problem=f"asking the driver gave no answer: {said[:80]!r}")
    return Cuda(**{**answer, "gpus": tuple(Gpu(**gpu) for gpu in answer.get("gpus", ()))})


def _fault(found: Cuda, required: int) -> str:
    """What is wrong, "" where nothing is."""
    if found.problem:
        return found.problem
    if found.status:
        return f"cuInit gave {_named(found.status)}"
    ill = [f"GPU {index} gave {_named(gpu.status)}" for index, gpu in enumerate(found.gpus) if gpu.status]
    if found.well < required:
        return "; ".join([f"{found.well} of {required} answer", *ill])
    return ""


def _named(status: int) -> str:
    meaning = _MEANINGS.get(status)
    return f"{status} ({meaning})" if meaning else str(status)


def _fabric_manager() -> str:
    """systemd's word on it, for the message alone."""
    try:
        done = finished(_ASK_SYSTEMD, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
