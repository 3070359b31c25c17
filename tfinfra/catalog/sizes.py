"""VM sizes: what each has, where it is sold and for how much. Data and sources: data/*_sizes.json."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tfinfra.catalog.data_files import data_file


@dataclass(frozen=True)
class VmSize:
    """`gpus` counts devices (a share of one is one); `gpu_kind` is None without. `locations` is None where the size is
    sold in every known location. `usd_per_hour` is the Linux list price by location, where it is known.
    `architecture` is "x86_64" or "arm64"; `vendor` of the GPUs "nvidia", "amd" or None."""

    name: str
    family: str
    cores: int
    memory_gib: float
    gpus: int
    gpu_kind: str | None
    vendor: str | None
    infiniband: bool
    accelerated_networking: bool
    architecture: str
    locations: frozenset[str] | None
    usd_per_hour: Mapping[str, float]

    def sold_in(self, location: str) -> bool:
        return self.locations is None or location in self.locations


@dataclass(frozen=True)
class Retired:
    """A size that Azure withdraws on `date` ("2026-09-30"), and what takes its place."""

    date: str
    instead: str

    def by(self, day: str) -> bool:
        """Whether it is gone on that day."""
        return self.date <= day


def size(name: str) -> VmSize | None:
    """The size of that name, in any case as Azure takes it; None where the catalog has none."""
    return _by_lower_name().get(name.lower())


def sizes() -> tuple[VmSize, ...]:
    """All sizes of the catalog."""
    return tuple(_by_lower_name().values())


def retired(name: str) -> Retired | None:
    """What is known of a size that is no longer sold, or will not be."""
    for row in data_file("retired_sizes")["retired"]:
        if re.fullmatch(row["sizes"], name, re.IGNORECASE):
            return Retired(row["date"], row["instead"])
    return None


@cache
def locations() -> frozenset[str]:
    """Every location that some size of the catalog is sold in."""
    return frozenset().union(*(s.locations or () for s in sizes()))


@cache
def _by_lower_name() -> dict[str, VmSize]:
    rows = {**data_file("cpu_sizes")["skus"], **data_file("gpu_sizes")["skus"]}
    return {name.lower(): _size(name, row) for name, row in rows.items()}


def _size(name: str, row: Mapping[str, Any]) -> VmSize:
    prices = row["usd_per_hour"]
    sold = row.get("locations", [*prices])
    kind = row.get("gpu")
    return VmSize(
        name=name,
        family=row["family"],
        cores=row["vcpus"],
        memory_gib=row["memory_gib"],
        gpus=math.ceil(row.get("gpus", 0)),
        gpu_kind=kind,
        vendor=("amd" if kind.startswith("MI") else "nvidia") if kind else None,
        infiniband=row["rdma"],
        accelerated_networking=row["accelerated_networking"],
        architecture="arm64" if "arm64" in row.get("status", "") else "x86_64",
        locations=None if sold is None or not sold else frozenset(sold),
        usd_per_hour=prices,
    )
