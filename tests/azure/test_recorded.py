"""What others' recordings of Azure's refusals come to, from the provider's text to the run's next step."""

from __future__ import annotations

import pytest

from tests.azure import recorded
from tfinfra.arm.error_bodies import read_error
from tfinfra.azure.refusals import reaction_to
from tfinfra.azure.refusals.refusal import Reaction
from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.refusals.failures import provisioning_error
from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError

NEXT, RETRY, REFUSE, EXPLAIN = Reaction.NEXT, Reaction.RETRY, Reaction.REFUSE, Reaction.EXPLAIN
PROVISIONING: dict[str, tuple[str, str, Reaction]] = {
    "a resource that a write made although it seemed to fail": (
        "cannot-create-already-existing",
        "CannotCreateAlreadyExisting",
        Reaction.CLEAR,
    ),
    "a right that is missing, found by the look before a create": (
        "existence-check-403",
        "AuthorizationFailed",
        REFUSE,
    ),
    "a quota under its own code, in the singular": ("quota-exceeded-direct", "QuotaExceeded", NEXT),
    "a subscription whose trial is over": ("read-only-disabled-subscription", "ReadOnlyDisabledSubscription", REFUSE),
    "a principal of another type": ("unmatched-principal-type", "UnmatchedPrincipalType", EXPLAIN),
    "a size without capacity, in the new words": ("sku-capacity-restrictions", "SkuNotAvailable", NEXT),
    "a size without capacity, in the old words": ("sku-in-no-zone", "SkuNotAvailable", NEXT),
    "a subscription that may have nothing": ("disallowed-operation", "DisallowedOperation", REFUSE),
    "a subscription that may not have this": ("disallowed-provider", "DisallowedProvider", REFUSE),
    "a storage account that is being made": (
        "storage-account-operation-in-progress",
        "StorageAccountOperationInProgress",
        RETRY,
    ),
    "a storage account that is not there yet": (
        "storage-account-not-provisioned",
        "StorageAccountIsNotProvisioned",
        RETRY,
    ),
    "an endpoint beside others": ("private-endpoint-retryable", "RetryableError", RETRY),
    "a subnet that is updated, in an operation that has finished": (
        "subnet-updating",
        "ReferencedResourceNotProvisioned",
        RETRY,
    ),
    "an operation that a later one overtook": ("operation-preempted", "OperationPreempted", RETRY),
    "a quota of a whole region": ("quota-approved", "OperationNotAllowed", NEXT),
    "a quota in azcore's long notation": ("quota-in-long-notation", "OperationNotAllowed", NEXT),
    "a quota in autorest's notation": ("quota-limits-in-old-notation", "OperationNotAllowed", NEXT),
    "terms that could not be validated": ("purchase-validation", "ResourcePurchaseValidationFailed", REFUSE),
    "a subscription that nobody knows, three errors deep": ("subscription-not-found", "SubscriptionNotFound", REFUSE),
    "a deny assignment": ("deny-assignment", "DenyAssignmentAuthorizationFailed", REFUSE),
    "a lock": ("scope-locked", "ScopeLocked", REFUSE),
    "too many dear reads": ("throttled-by-high-cost-gets", "OperationNotAllowed", RETRY),
    "a location that lacks a service, without an envelope": (
        "location-without-the-type",
        "LocationNotAvailableForResourceType",
        NEXT,
    ),
    "a right that is missing on what is used, without a status": (
        "zero-status-linked",
        "LinkedAuthorizationFailed",
        REFUSE,
    ),
    "a subscription of another tenant": ("other-tenants-subscription", "LinkedAuthorizationFailed", REFUSE),
    "a right with a condition": ("condition-not-fulfilled", "AuthorizationFailed", REFUSE),
    "a grant that an earlier try made": ("role-assignment-exists", "RoleAssignmentExists", RETRY),
    "a size that boots no trusted machines": ("size-without-trusted-launch", "BadRequest", NEXT),
    "an image that boots trusted machines only": ("image-of-trusted-launch", "BadRequest", EXPLAIN),
    "a request that Azure cannot read": ("request-not-parsed", "InvalidRequestFormat", EXPLAIN),
    "a throttle of storage's provider": ("storage-provider-throttled", "TooManyRequests", RETRY),
    "a throttle of one action": ("resource-requests-throttled", "ResourceRequestsThrottled", RETRY),
    "a quota in another language": ("addresses-in-german", "StaticPublicIPCountLimitReached", NEXT),
    "a group that is going": ("group-being-deleted", "ResourceGroupBeingDeleted", EXPLAIN),
    "two errors in one text": ("partly-created", "StorageAccountNotFound", EXPLAIN),
    "the end of a deletion, with capital keys": (
        "resource-group-deletion-blocked",
        "ResourceGroupDeletionBlocked",
        EXPLAIN,
    ),
}


def _failure(name: str) -> TfinfraError:
    event = UpdateEvent("error", "azure-native:compute:VirtualMachineScaleSet", "nodes", recorded.by_the_provider(name))
    return provisioning_error("compute", None, [event], None)


@pytest.mark.parametrize(("name", "code", "reaction"), PROVISIONING.values(), ids=PROVISIONING.keys())
def test_a_refusal_while_provisioning(name: str, code: str, reaction: Reaction) -> None:
    error = _failure(name)
    assert isinstance(error, ProvisioningError)
    assert error.code == code
    assert reaction_to(error.code, error.said, error.status).reaction is reaction


SAID: dict[str, tuple[str, str]] = {
    "another tenant's subscription": ("other-tenants-subscription", "another tenant's"),
    "a condition": ("condition-not-fulfilled", "has a condition"),
    "a trusted image": ("image-of-trusted-launch", "security type"),
    "a request that cannot be read": ("request-not-parsed", "cannot read the request"),
}


@pytest.mark.parametrize(("name", "words"), SAID.values(), ids=SAID.keys())
def test_what_a_refusal_means_is_said_of_this_one(name: str, words: str) -> None:
    error = _failure(name)
    assert isinstance(error, ProvisioningError)
    assert words in reaction_to(error.code, error.said, error.status).says


def test_an_answer_without_a_status_is_no_silence() -> None:
    error = _failure("zero-status-linked")
    assert isinstance(error, ProvisioningError)
    assert error.status == 200


WRAPPED: dict[str, tuple[str, str, Reaction]] = {
    "a size that no Flexible set takes, as JSON in a message": ("flexible-size", "OperationNotAllowed", NEXT),
    "too many storage accounts, three details deep": (
        "too-many-storage-accounts",
        "MaxStorageAccountsCountPerSubscriptionExceeded",
        NEXT,
    ),
    "an operation that a later one superseded": ("superseded", "CanceledAndSupersededDueToAnotherOperation", RETRY),
}


@pytest.mark.parametrize(("name", "code", "reaction"), WRAPPED.values(), ids=WRAPPED.keys())
def test_an_error_that_others_wrap(name: str, code: str, reaction: Reaction) -> None:
    error = read_error(recorded.body(name))
    assert error is not None
    assert error.decisive.code == code
    assert reaction_to(code, error.decisive.message, recorded.status(name)).reaction is reaction


SIGN_INS: dict[str, tuple[str, str, str]] = {
    "a secret that has expired": (
        "client-secret-expired",
        "AADSTS7000222: The provided client secret keys for app '***' are expired.",
        "AZURE_CLIENT_ID",
    ),
    "a token of another tenant": (
        "wrong-tenant-401",
        "The access token is from the wrong issuer 'https://sts.windows.net/TENANT-A/'",
        "az login --tenant TENANT-B",
    ),
}


@pytest.mark.parametrize(("name", "words", "hint"), SIGN_INS.values(), ids=SIGN_INS.keys())
def test_a_sign_in_that_failed_is_one_of_credentials(name: str, words: str, hint: str) -> None:
    error = _failure(name)
    assert isinstance(error, CredentialsError)
    assert words in error.message
    assert hint in str(error.hint)


def test_what_is_in_the_way_of_a_deletion_is_among_the_details() -> None:
    error = read_error(recorded.body("resource-group-deletion-blocked"))
    assert error is not None
    assert [(d.code, (d.target or "").rpartition("/")[2]) for d in error.details] == [
        ("InUseSubnetCannotBeDeleted", "vnet"),
        ("PublicIPAddressCannotBeDeleted", "pip"),
    ]
