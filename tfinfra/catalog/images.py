"""The images that nodes boot, and what is known of them. Data and sources: data/images.json."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfinfra.catalog.data_files import data_file
from tfinfra.model import Image

HPC_IMAGE = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2026052601")
"""Azure's HPC image has the GPU and InfiniBand drivers, and cloud-init."""
AZURE_NODES = "x86_64-manylinux_2_28"
"""The uv platform of Azure's nodes."""


@dataclass(frozen=True)
class ImageFeatures:
    """`generation` is Hyper-V's, "V1" or "V2"; `architecture` "x86_64" or "arm64"."""

    generation: str
    architecture: str
    trusted_launch: bool


def image_of(text: str) -> Image:
    """The image that a manifest names: "publisher:offer:sku:version", or an ARM id."""
    return Image(id=text) if text.startswith("/") else Image(*text.split(":"))


def image_features(image: Image) -> ImageFeatures | None:
    """What is published of a marketplace image; None for one that is not in the data, and for one's own."""
    if image.id is not None:
        return None
    names = (image.publisher or "", image.offer or "", image.sku or "")
    for row in data_file("images")["images"]:
        patterns = (row["publisher"], row["offer"], row["sku"])
        if all(re.fullmatch(p, name, re.IGNORECASE) for p, name in zip(patterns, names, strict=True)):
            return ImageFeatures(row["generation"], row["architecture"], row["trusted_launch"])
    return None
