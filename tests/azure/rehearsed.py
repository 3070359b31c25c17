"""Azure as `cloud: azure` meets it, on this machine: an ARM endpoint that describes itself, an identity endpoint on
loopback, and a mirror folder with a provider to install. The product is told of them by its own variables alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfinfra.clouds import LOCAL_PACE
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, Layout
from tfinfra.localcloud.daemon.daemon_client import Endpoint, call, ensure_daemon
from tfinfra.localcloud.metadata.identity_endpoint import IdentityEndpoint, RehearsedCaller, person
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file
from tfinfra.localcloud.plugin.package import package
from tfinfra.system.paths import cache_folder

HOLDER = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/somebodys"
OWN = "pulumi"
"""What a cache of its own has for itself: a stand-in must never be installed where a real provider is looked for."""


@dataclass(frozen=True)
class Rehearsed:
    """`variables` are the environment of who goes there; `identity` says as whom."""

    endpoint: Endpoint
    identity: IdentityEndpoint
    variables: Mapping[str, str]

    @property
    def groups(self) -> set[str]:
        """The resource groups, but for the one that keeps the cloud from leaving."""
        return {name for name in call(self.endpoint, "GET", "health")[1]["groups"] if not HOLDER.endswith(f"/{name}")}


@contextmanager
def rehearsed(
    state: Path, folder: Path, hints: Mapping[str, str], caller: RehearsedCaller | None = None
) -> Iterator[Rehearsed]:
    """A cloud whose state is in `state`; `folder` takes the mirror and a cache of its own. `hints` are what a
    caller of Azure cannot say: "machines", "blobs", "image", and the program "azurite"."""
    endpoint = ensure_daemon(Layout(state))
    arm = arm_by_token_file(endpoint.url, endpoint.layout.ca, endpoint.layout.token, pace=LOCAL_PACE)
    arm.put(HOLDER, "2024-03-01", {"location": "eastus"})
    try:
        assert call(endpoint, "PUT", "wishes", dict(hints))[0] == 200
        package(folder / "mirror", LOCAL_PACE)
        with IdentityEndpoint(endpoint.layout, caller or person()) as identity:
            yield Rehearsed(endpoint, identity, {**_variables(endpoint, folder), **identity.variables})
    finally:
        arm.delete(HOLDER, "2024-03-01")


def _variables(endpoint: Endpoint, folder: Path) -> dict[str, str]:
    return {
        "TFINFRA_ARM_ENDPOINT": endpoint.url,
        "TFINFRA_ARM_CA": str(endpoint.layout.ca),
        "TFINFRA_ARM_PACE": str(LOCAL_PACE),
        "TFINFRA_ATTESTATION": str(endpoint.layout.ca),
        "TFINFRA_PROVIDER_MIRROR": str(folder / "mirror"),
        "TFINFRA_CACHE_DIR": str(_cache(folder / "cache")),
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    }


def _cache(folder: Path) -> Path:
    """The user's cache, whose content is expensive, with a place of its own for providers."""
    (folder / OWN).mkdir(parents=True)
    for entry in (*cache_folder().iterdir(), *(cache_folder() / OWN).iterdir()):
        if entry.name not in (OWN, "plugins") and not entry.name.startswith("provider"):
            (folder / entry.relative_to(cache_folder())).symlink_to(entry)
    return folder
