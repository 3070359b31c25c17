"""Which GPU takes which driver, which image has which, and which TensorFlow has machine code for which GPU: as far as
it is published. Data and the source of each row: data/gpus.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.tensorflow import minor_of
from tfinfra.model import Image

KINDS = {
    "open": "the data centre driver with open kernel modules",
    "closed": "the data centre driver with closed kernel modules",
    "grid": "the GRID driver of virtual GPUs",
    "none": "no NVIDIA driver",
}
"""The kinds of drivers, as messages call them."""


@dataclass(frozen=True)
class GpuNeeds:
    """`capability` is CUDA's (80 for 8.0); `drivers` the kinds that serve the GPU; `topology`: without a file that says
    how GPUs and InfiniBand lie to each other NCCL is slow."""

    capability: int
    drivers: tuple[str, ...]
    topology: bool


@dataclass(frozen=True)
class ImageDriver:
    """`kind` is one of KINDS, None for a driver of which no more is published; `topology`: the image has the file that
    GpuNeeds speaks of, in /etc/nccl.conf."""

    kind: str | None
    topology: bool


def gpu_needs(size: str) -> GpuNeeds | None:
    """Of a size in the catalog's spelling; None where its GPUs are not NVIDIA's, or nothing is known."""
    row = next((row for row in data_file("gpus")["sizes"] if re.fullmatch(row["sizes"], size, re.IGNORECASE)), None)
    return GpuNeeds(row["capability"], tuple(row["drivers"]), row["topology"]) if row else None


def image_driver(image: Image) -> ImageDriver | None:
    """What is published of a marketplace image; None for all others."""
    row = next(_rows_of(image), None)
    return ImageDriver(row["driver"], row["topology"]) if row else None


def has_driver(image: Image) -> bool | None:
    """Whether NVIDIA's driver is in the image; None where that is not published."""
    found = image_driver(image)
    return None if found is None else found.kind != "none"


def machine_code(tensorflow: str) -> tuple[int, ...] | None:
    """The compute capabilities that a version's wheels have machine code for; None where that is not known."""
    row = data_file("gpus")["tensorflow"].get(minor_of(tensorflow))
    return tuple(row["machine_code"]) if row else None


def runs_natively(code: tuple[int, ...], capability: int) -> bool:
    """Machine code runs on GPUs of the same major capability and the same or a higher minor one (CUDA programming
    guide, "Binary Compatibility"); for others the driver compiles the kernels."""
    return any(made // 10 == capability // 10 and made <= capability for made in code)


def first_with_machine_code(capability: int) -> str | None:
    """The oldest minor version known to have machine code for the GPU."""
    rows: Mapping[str, Any] = data_file("gpus")["tensorflow"]
    return next((minor for minor, row in rows.items() if runs_natively(row["machine_code"], capability)), None)


def _rows_of(image: Image) -> Iterator[dict[str, Any]]:
    if image.id is not None:
        return
    names = (image.publisher or "", image.offer or "", image.sku or "")
    for row in data_file("gpus")["images"]:
        patterns = (row["publisher"], row["offer"], row["sku"])
        fits = all(re.fullmatch(p, name, re.IGNORECASE) for p, name in zip(patterns, names, strict=True))
        if fits and _day(image) >= row.get("since", 0):
            yield row


def _day(image: Image) -> float:
    """The day in the last number of an HPC image's version, "24.04.2026052601": 20260526. The newest has none."""
    if image.newest:
        return float("inf")
    digits = (image.version or "").rpartition(".")[2][:8]
    return int(digits) if digits.isdigit() else 0
