"""What the program reads of the plan.json beside it: only the part that says what to build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """A marketplace image; the version is pinned, so that a run can be repeated."""

    publisher: str
    offer: str
    sku: str
    version: str


@dataclass(frozen=True)
class Plan:
    """`orchestration_mode` is "Uniform" (InfiniBand, several nodes) or "Flexible"; `keep_outputs` is in seconds."""

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
    keep_outputs: int


def read_plan(file: Path) -> Plan:
    """The infrastructure that the plan.json `file` asks for. Raises KeyError or TypeError where it is not one."""
    document = json.loads(file.read_text(encoding="utf-8"))
    wanted = document["infrastructure"]
    return Plan(**{**wanted, "image": Image(**wanted["image"])}, keep_outputs=document["limits"]["keep_outputs"])
