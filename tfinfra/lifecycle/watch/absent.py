"""Why no node came: what cannot be known from outside, the likeliest first, and where the machines say it."""

from __future__ import annotations

from tfinfra.catalog.images import HPC_IMAGE
from tfinfra.model import Image

_WAY_OUT = "no way out of the nodes' network to the run's store or to their packages (NAT, firewall, DNS)"
# The Azure agent alone writes customData down and, as it is shipped, does not run it: Provisioning.ExecuteCustomData
# (learn.microsoft.com/azure/virtual-machines/extensions/agent-linux)
_WITHOUT = "{image} has no cloud-init, only the Azure agent: then what the nodes were to run lies in /var/lib/waagent"
_LOOK = (
    "the machines' serial log tells: run again with --keep, then `az vm boot-diagnostics get-boot-log`, or the boot "
    "diagnostics in the portal; on the local cloud, console.log"
)


def why_absent(image: Image) -> str:
    """The causes in order and how to see them, for machines that booted `image` and wrote nothing."""
    ours = (image.publisher, image.offer) == (HPC_IMAGE.publisher, HPC_IMAGE.offer)
    causes = [_WAY_OUT] if ours else [_WITHOUT.format(image=f"the image {image.name}"), _WAY_OUT]
    return f"the nodes wrote nothing into the run's store; likely {', or '.join(causes)}; {_LOOK}"
