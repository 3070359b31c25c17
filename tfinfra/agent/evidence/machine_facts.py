"""What a machine is: from the metadata service, and from what its kernel and NVIDIA's driver show as text."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfinfra.model import Image, NodeGpu, NodeMachine

PROC = Path("/proc")
_VERSION = re.compile(r"\s(\d+\.\d+(?:\.\d+)?)\s")
_LONGEST = 500


def machine_of(compute: Mapping[str, Any], proc: Path = PROC) -> NodeMachine:
    """`compute` is that part of the metadata's instance document, whose names of the image are those of what booted;
    a gallery's image has its id below storageProfile. What is missing there is ""."""
    return NodeMachine(
        size=_line(compute.get("vmSize")),
        location=_line(compute.get("location")),
        resource_id=_line(compute.get("resourceId")),
        image=_image(compute),
        kernel=_line(platform.release()),
        driver=_driver(proc),
        gpus=_gpus(proc),
    )


def _image(compute: Mapping[str, Any]) -> Image:
    storage = compute.get("storageProfile")
    reference = storage.get("imageReference") if isinstance(storage, dict) else None
    asked = reference if isinstance(reference, dict) else {}
    names = {name: _line(compute.get(name)) or _line(asked.get(name)) for name in ("publisher", "offer", "sku")}
    version, id_ = _line(compute.get("version")), _line(asked.get("id"))
    return Image(**{name: text or None for name, text in names.items()}, version=version or None, id=id_ or None)


def _driver(proc: Path) -> str:
    """Of NVIDIA's kernel module: the first number of "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  …"."""
    found = _VERSION.search(_text(proc / "driver/nvidia/version").partition("\n")[0])
    return found[1] if found else ""


def _gpus(proc: Path) -> tuple[NodeGpu, ...]:
    """A folder for each, by its place on the bus; its "GPU UUID" has question marks until the driver has asked it."""
    found = []
    for file in sorted(proc.glob("driver/nvidia/gpus/*/information")):
        rows = dict(line.split(":", 1) for line in _text(file).splitlines() if ":" in line)
        values = {name.strip(): _line(value) for name, value in rows.items()}
        uuid = values.get("GPU UUID", "")
        found.append(NodeGpu(values.get("Model", ""), "" if "?" in uuid else uuid))
    return tuple(found)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _line(value: object) -> str:
    """A value of the machine's as a line of a record, "" for nothing."""
    text = "" if value is None else str(value).strip()
    return text[:_LONGEST] if text.isprintable() else ascii(text)[:_LONGEST]
