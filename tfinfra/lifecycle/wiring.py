"""The effects of runs as they really are, on one cloud."""

from __future__ import annotations

from collections.abc import Callable

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.run.arm import RunArm
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.workshop import Workshop
from tfinfra.store import ObjectStore
from tfinfra.system.clock import SystemClock, right_now

STORE_PATIENCE = 15.0
"""Seconds that one call waits for the store; who follows a run goes on asking."""


def real_ports(cloud: Cloud, clock: Callable[[], float] = right_now) -> Ports:
    return Ports(cloud, RunArm(cloud), Workshop(cloud), lambda url: open_run_store(cloud, url), clock)


def open_run_store(cloud: Cloud, url: str) -> ObjectStore:
    """The run's store at `url`, with the caller's own token where it needs one."""
    from tfinfra.arm.credential_chain import way_to_a_token
    from tfinfra.arm.sign_in_advice import AGAIN
    from tfinfra.azure.identity.caller import why_refused
    from tfinfra.azure.identity.credential import STORAGE_SCOPE
    from tfinfra.store import PatientStore, open_store

    def token() -> tuple[str, float]:
        from azure.core.exceptions import ClientAuthenticationError

        try:
            access = cloud.credential().get_token(STORAGE_SCOPE)
        except ClientAuthenticationError as error:  # the store's own error has its text alone
            raise ValueError(f"{why_refused(error)}; {way_to_a_token(str(error), AGAIN)}") from error
        return access.token, float(access.expires_on)

    ca = cloud.ca_file.read_text("utf-8") if cloud.ca_file else None
    return PatientStore(open_store(url, token, ca=ca), SystemClock(), STORE_PATIENCE)
