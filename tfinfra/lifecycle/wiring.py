"""The effects of runs as they really are, on one cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.run.arm import RunArm
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.store import Credential, ObjectStore
from tfinfra.system.clock import SystemClock, right_now

if TYPE_CHECKING:
    from tfinfra.store.blob.objects import BlobEntry

STORE_PATIENCE = 15.0
"""Seconds that one call waits for the store; who follows a run goes on asking."""


def real_ports(cloud: Cloud, clock: Callable[[], float] = right_now) -> Ports:
    return Ports(cloud, RunArm(cloud), Workshop(cloud), lambda url: open_run_store(cloud, url), clock)


def open_run_store(cloud: Cloud, url: str) -> ObjectStore:
    """The run's store at `url`, with the caller's own token where it needs one."""
    from tfinfra.store import PatientStore, open_store

    return PatientStore(open_store(url, _storage_token(cloud), ca=_authority(cloud)), SystemClock(), STORE_PATIENCE)


def list_input(cloud: Cloud, url: str) -> tuple[BlobEntry, ...]:
    """The blobs that an input's URL means, as the caller sees them. Raises what the store raises, ValueError without a
    token."""
    from tfinfra.store.opening import list_blobs

    return list_blobs(url, _storage_token(cloud), ca=_authority(cloud))


def _storage_token(cloud: Cloud) -> Credential:
    from tfinfra.arm.credential_chain import way_to_a_token
    from tfinfra.arm.sign_in_advice import AGAIN
    from tfinfra.azure.identity.caller import why_refused
    from tfinfra.azure.identity.credential import STORAGE_SCOPE

    def token() -> tuple[str, float]:
        from azure.core.exceptions import ClientAuthenticationError

        try:
            access = cloud.credential().get_token(STORAGE_SCOPE)
        except ClientAuthenticationError as error:  # the store's own error has its text alone
            raise ValueError(f"{why_refused(error)}; {way_to_a_token(str(error), AGAIN)}") from error
        return access.token, float(access.expires_on)

    return token


def _authority(cloud: Cloud) -> str | None:
    return cloud.ca_file.read_text("utf-8") if cloud.ca_file else None
