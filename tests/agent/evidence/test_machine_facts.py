"""What a node says of its machine: the metadata's words, the kernel's, and those of NVIDIA's driver."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

from tfinfra.agent.evidence.machine_facts import machine_of
from tfinfra.model import Image, NodeGpu

COMPUTE: dict[str, Any] = {
    "vmSize": "Standard_NC4as_T4_v3",
    "location": "eastus",
    "resourceId": "/subscriptions/s/…/0",
    "publisher": "microsoft-dsvm",
    "offer": "ubuntu-hpc",
    "sku": "2404",
    "version": "24.04.2026052601",
    "storageProfile": {"imageReference": {"id": "", "offer": "ubuntu-hpc", "version": "latest"}},
}
VERSION = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder)
GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)
"""
INFORMATION = """Model: \t\t NVIDIA H200
IRQ:   \t\t 219
GPU UUID: \t GPU-36b4b21e-6a2c-0b5e-8f0d-3a1b5e2c9d10
Video BIOS: \t 96.00.be.00.01
Bus Location: \t 0000:1b:00.0
"""


def proc_with(folder: Path, *gpus: str, version: str = VERSION) -> Path:
    for number, text in enumerate(gpus):
        file = folder / f"driver/nvidia/gpus/0000:{number:02}:00.0/information"
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (folder / "driver/nvidia").mkdir(parents=True, exist_ok=True)
    (folder / "driver/nvidia/version").write_text(version)
    return folder


def test_a_machine_is_what_its_cloud_and_its_kernel_say(tmp_path: Path) -> None:
    found = machine_of(COMPUTE, proc_with(tmp_path, INFORMATION, INFORMATION.replace("36b4b21e-6a2c", "????-????")))
    assert (found.size, found.location, found.kernel) == ("Standard_NC4as_T4_v3", "eastus", platform.release())
    assert found.image == Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2026052601")
    assert found.driver == "550.54.15"
    gpu = NodeGpu("NVIDIA H200", "GPU-36b4b21e-6a2c-0b5e-8f0d-3a1b5e2c9d10")
    assert found.gpus == (gpu, NodeGpu("NVIDIA H200", ""))


def test_a_gallerys_image_has_its_id(tmp_path: Path) -> None:
    found = machine_of({"storageProfile": {"imageReference": {"id": "/subscriptions/s/images/1"}}}, tmp_path)
    assert found.image == Image(id="/subscriptions/s/images/1")


ODD: dict[str, dict[str, Any]] = {
    "nothing at all": {},
    "nulls": dict.fromkeys(COMPUTE),
    "other types": {"vmSize": ["a"], "storageProfile": "x", "version": 7, "sku": {"a": 1}},
    "no list of an image": {"storageProfile": {"imageReference": []}},
    "control characters": {"vmSize": "a\x1b[31m\nb", "sku": "x" * 9000},
}


@pytest.mark.parametrize("case", ODD)
def test_whatever_the_metadata_holds_it_becomes_lines(case: str, tmp_path: Path) -> None:
    found = machine_of(ODD[case], tmp_path)
    for text in (found.size, found.location, found.resource_id, found.image.sku or ""):
        assert text.isprintable() and len(text) <= 1000
    assert (found.driver, found.gpus) == ("", ())


def test_a_driver_that_says_something_else_has_no_version(tmp_path: Path) -> None:
    assert machine_of(COMPUTE, proc_with(tmp_path, "", version="no driver here\n")).driver == ""
