"""Which marketplace images have NVIDIA's driver in them, as far as that is published.

Source: learn.microsoft.com/azure/virtual-machines/azure-hpc-vm-images, .../data-science-virtual-machine/overview.
"""

from __future__ import annotations

from tfinfra.model import Image

_WITH = {
    "microsoft-dsvm": ("ubuntu-hpc", "ubuntu-2004", "ubuntu-2204", "ubuntu-2404"),
    "almalinux": ("almalinux-hpc",),
}
_WITHOUT = ("canonical", "debian", "redhat", "suse", "oracle", "almalinux")


def has_driver(image: Image) -> bool | None:
    """Whether nodes of the image find their GPUs; None where nobody has published it."""
    publisher, offer = (image.publisher or "").lower(), (image.offer or "").lower()
    if offer in _WITH.get(publisher, ()):
        return True
    return False if publisher in _WITHOUT else None
