"""What the program reads of the plan.json beside it: only the part that says what to build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi


@dataclass(frozen=True)
class Image:
    """A marketplace image by its four names (the version is pinned, so that a run can be repeated), or one's own by its
    ARM id."""

    publisher: str | None
    offer: str | None
    sku: str | None
    version: str | None
    id: str | None


@dataclass(frozen=True)
class Spot:
    """`max_price` is US dollars an hour and node; -1: up to the price of a dedicated one."""

    max_price: float


@dataclass(frozen=True)
class Access:
    """What others made for the run, None where it makes its own: ARM ids, and a container's URL."""

    identity_id: str | None
    store: str | None
    reaper_id: str | None


_DAY = 24 * 3600  # seconds


@dataclass(frozen=True)
class Plan:
    """One of the plan's choices, of which there are `choices`. `orchestration_mode` is "Uniform" (InfiniBand, several
    nodes) or "Flexible"; ids are ARM's. `keep_outputs` are the seconds that outputs are kept after the deadline."""

    location: str
    vm_size: str
    node_count: int
    orchestration_mode: str
    infiniband: bool
    accelerated_networking: bool
    security_type: str
    image: Image
    os_disk_gb: int
    address_space: str
    subnet_prefix: str
    shared_directory: bool
    tags: dict[str, str]
    ephemeral_os_disk: bool
    spot: Spot | None
    zone: str | None
    subnet_id: str | None
    capacity_reservation_id: str | None
    proximity_placement: bool
    access: Access
    choices: int
    keep_outputs: int

    @property
    def keep_days(self) -> int:
        """The days, 1 to 365, that outputs are kept, begun ones too."""
        return min(max(-(-self.keep_outputs // _DAY), 1), 365)

    @property
    def zones(self) -> list[str] | None:
        """The zone as ARM takes it."""
        return [self.zone] if self.zone else None


def read_plans(file: Path) -> tuple[Plan, ...]:
    """The plan.json `file`: its first choice and the alternatives to it. Raises RunError where it is no plan."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        choices = [document["infrastructure"], *document["alternatives"]]
        return tuple(_plan(each, len(choices), document["limits"]["keep_outputs"]) for each in choices)
    except (OSError, ValueError, LookupError, TypeError) as error:
        again = "write it anew with the `tfinfra compile` that wrote this folder"
        raise pulumi.RunError(f"{file} is not the plan of this program ({error!r}): {again}") from None


def _plan(infrastructure: dict[str, Any], choices: int, keep_outputs: int) -> Plan:
    spot = infrastructure["spot"]
    parts = {"image": Image(**infrastructure["image"]), "spot": Spot(**spot) if spot else None}
    own = {**parts, "access": Access(**infrastructure["access"]), "choices": choices, "keep_outputs": keep_outputs}
    return Plan(**{**infrastructure, **own})
