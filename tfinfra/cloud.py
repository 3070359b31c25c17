"""A cloud as one value, made at the edge: its users cannot tell Azure from the embedded local cloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.model import Timeouts
from tfinfra.system.loopback import is_loopback

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Trust:
    """Whose signature counts: `roots` are PEM certificates, `signers` matches the DNS names that a signer may have.
    `fetch` gives the bytes behind the URL of an issuer's certificate, and raises OSError; None: nothing is fetched."""

    roots: bytes
    signers: re.Pattern[str]
    fetch: Callable[[str], bytes] | None = None


@dataclass(frozen=True)
class Pace:
    """How patiently ARM is asked, in seconds; its own Retry-After goes before all of them.

    `poll` lies between two looks at what ARM does; a request without an answer, or with one that passes, is repeated
    `retries` times, first after `backoff`, then after twice as long each time; `timer` lies between two runs of the
    expiry timer that are asked for while none has succeeded. `look` lies between two looks into a run's store, where
    each request is billed: at every one of a client's wakings they would be a hundred thousand an hour.
    """

    poll: float = 5.0
    retries: int = 10
    backoff: float = 0.8
    timer: float = 20.0
    look: float = 1.0

    def times(self, factor: float) -> Pace:
        """The same steps, each of them `factor` as long."""
        return Pace(self.poll * factor, self.retries, self.backoff * factor, self.timer * factor, self.look * factor)


def _none_here(group: str, path: str) -> Iterable[tuple[Path, tuple[str, ...]]]:
    """The disks of machines that are elsewhere."""
    del group, path
    return ()


@dataclass(frozen=True)
class Cloud:
    """What differs between clouds.

    `arm_endpoint` has no trailing slash; `token_scope` is what credentials are asked for ("…/.default"); `ca_file` is
    the CA that signs the endpoint's certificate, None for the public ones. `provider_command` starts the azure-native
    provider plugin (its first line of output is its port), None where Pulumi finds its own. `environment_cache` is a
    folder that nodes mount read-only, None where each node builds its environment. `node_platform` is the uv platform
    that nodes run ("x86_64-manylinux_2_28", or "" for this machine's own). `ensure` makes the endpoint answer again
    where it may have died since (the local cloud's daemon); on Azure it does nothing. `charges`: what is made costs its
    list price. `preflight`: whether a run asks ARM first whether its plan can work; that takes longer than a local run
    takes to fail. `principal_id` is the caller's object id, "" where it is not known, `principal_type` its kind
    ("User", "ServicePrincipal"). `storage_suffix` ends the hosts of storage accounts. `provider_settings` are
    azure-native's besides subscription and tenant: how it finds ARM and whom it acts as. `stack_endpoint` is where the
    stacks find ARM, None where they need not know: it is the public one, or passes for that one to the machines in it.
    `arm_audience` is whom the tokens of nodes and timer are for, None for the endpoint they call. `pace` is Azure's
    where nothing else is said. `disks` says where the machines of a group may have a path of theirs on this machine: a
    folder that is not theirs, and the names below it, which are; nothing where they are elsewhere. `attestation` says
    who signs for which machine has a key, None where ARM's list of machines has to do.
    """

    name: str
    subscription_id: str
    tenant_id: str
    owner: str
    arm_endpoint: str
    token_scope: str
    ca_file: Path | None
    credential: Callable[[], TokenCredential]
    provider_command: tuple[str, ...] | None
    environment_cache: Path | None
    node_platform: str
    timeouts: Timeouts
    ensure: Callable[[], None]
    charges: bool = True
    preflight: bool = False
    principal_id: str = ""
    principal_type: str = "User"
    storage_suffix: str = "core.windows.net"
    provider_settings: tuple[tuple[str, str], ...] = ()
    stack_endpoint: str | None = None
    arm_audience: str | None = None
    pace: Pace = Pace()
    disks: Callable[[str, str], Iterable[tuple[Path, tuple[str, ...]]]] = _none_here
    attestation: Trust | None = None

    @property
    def on_loopback(self) -> bool:
        """Whether ARM answers on this very machine."""
        return is_loopback(self.arm_endpoint)
