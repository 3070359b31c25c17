"""The image that nodes boot: Azure's HPC image has the GPU drivers, and cloud-init."""

from __future__ import annotations

from tfinfra.model import Image

HPC_IMAGE = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2026052601")
