"""One question to ARM about a prerequisite, and what it means that ARM refuses it or gives no answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.error_bodies import missing_actions
from tfinfra.azure.answers import arm_error, passes, reason, values
from tfinfra.azure.clients import get_json
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible, ProvisioningError

YOURS = "`az account list --all --output table` shows yours; in another tenant: `az login --tenant T`"
"""The way out where a subscription is not there for the caller."""
ANSWERING = 15.0
"""Seconds within which a cloud of this machine is back that has died; Azure has had the patience of its own client."""


@dataclass
class MissingPrerequisite(NotFeasible):
    """`key` of the target names what is not there or cannot be read ("subscription_id": the subscription lacks it).
    `denied`: the caller may not read it."""

    key: str = "subscription_id"
    denied: bool = False


@dataclass
class NotAnswered(ProvisioningError):
    """It is not known whether the prerequisite is there: ARM gave no answer, one that passes (429, 5xx), or somebody
    else answered in its place."""

    key: str = "subscription_id"


Lack = MissingPrerequisite | NotAnswered


def read_named(cloud: Cloud, key: str, path: str, version: str) -> Any:
    """ARM's document of what `key` of the target names. Raises as `read`."""
    return read(cloud, key, path, f"{key} of the target", **{"api-version": version})


def read(cloud: Cloud, key: str, path: str, what: str, **query: str) -> Any:
    """The document at an ARM path, where `what` is. Only what ARM itself says, as its last word, is a reason not to
    begin a run. Raises MissingPrerequisite, NotAnswered, CredentialsError."""
    return _answered(lambda: get_json(cloud, path, **query), cloud, key, what)


def read_list(cloud: Cloud, key: str, path: str, what: str, **query: str) -> list[Any]:
    """The members of the list at an ARM path. Raises as `read`."""
    found: list[Any] = _answered(lambda: values(get_json(cloud, path, **query)), cloud, key, what)
    return found


def _answered(ask: Callable[[], Any], cloud: Cloud, key: str, what: str) -> Any:
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        return _patiently(ask, cloud)
    except ClientAuthenticationError as error:
        if getattr(error, "status_code", None) == 401:
            raise token_refused(cloud, error) from error
        raise CredentialsError(f"{what} cannot be read: {error.message}") from error
    except AzureError as error:
        if (said := arm_error(error)) is not None and said.code == "SubscriptionNotFound":
            raise CredentialsError(f"the subscription {cloud.subscription_id} is not there for you", YOURS) from error
        if passes(error) or said is None:
            hint = f"nothing was made: try again when {cloud.arm_endpoint} answers from here"
            raise NotAnswered(f"{what}: ARM does not tell: {reason(error)}", hint, key=key) from error
        denied = getattr(error, "status_code", None) == 403
        if denied and (actions := missing_actions(reason(error))):
            role = f"ask for a role with {', '.join(actions)} there"
            hint = f"{role}; one on a resource group of yours reaches no further"
        else:
            hint = f"it must be there, and readable for you, in {cloud.subscription_id}"
        raise MissingPrerequisite(f"{what} cannot be read: {reason(error)}", hint, key=key, denied=denied) from error


def _patiently(ask: Callable[[], Any], cloud: Cloud) -> Any:
    """Asks again for ANSWERING seconds, while the answer may pass."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    until = time.monotonic() + ANSWERING
    while True:
        try:
            return ask()
        except ClientAuthenticationError:
            raise
        except AzureError as error:
            if not passes(error) or time.monotonic() + cloud.pace.poll > until:
                raise
        time.sleep(cloud.pace.poll)
        cloud.ensure()
