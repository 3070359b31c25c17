"""Each of ARM's refusals has its one reaction: the code decides, the message where a code means several things."""

from __future__ import annotations

import pytest

from tests.azure import fake_daemon
from tests.azure.fake_daemon import admin, layout_of
from tests.localcloud.calls import COMPUTE
from tfinfra.azure.refusals import REFUSAL_RULES, UNKNOWN, reaction_to
from tfinfra.azure.refusals.refusal import Reaction
from tfinfra.cloud import Cloud
from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.refusals.failures import provisioning_error
from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.plugin.arm_client import arm_by_token_file
from tfinfra.localcloud.plugin.provider_errors import ProviderError

cloud = fake_daemon.cloud  # a fixture

QUOTA = (
    "Operation could not be completed as it results in exceeding approved {} quota. Additional details - Location: x"
)
CASES: dict[str, tuple[str | None, str, int | None, Reaction]] = {
    "no machines free": ("AllocationFailed", "Allocation failed.", 409, Reaction.NEXT),
    "no machines free in the zone": ("ZonalAllocationFailed", "Allocation failed.", 409, Reaction.NEXT),
    "too many conditions": ("OverconstrainedAllocationRequest", "Allocation failed.", 409, Reaction.NEXT),
    "too many conditions in the zone": ("OverconstrainedZonalAllocationRequest", "", 409, Reaction.NEXT),
    "a size that is not sold there": ("SkuNotAvailable", "The requested size …", 409, Reaction.NEXT),
    "a failed long operation, whose answer is a 200": ("AllocationFailed", "Allocation failed.", 200, Reaction.NEXT),
    "a quota of low-priority cores": ("OperationNotAllowed", QUOTA.format("LowPriorityCores"), 409, Reaction.NEXT),
    "a family's quota": ("OperationNotAllowed", QUOTA.format("standardNCASv3Family Cores"), 409, Reaction.NEXT),
    "the region's quota": ("OperationNotAllowed", QUOTA.format("Total Regional Cores"), 409, Reaction.NEXT),
    "a quota in the words of the documentation": (
        "OperationNotAllowed",
        "Operation results in exceeding quota limits of Core. Maximum allowed: 4, Current in use: 4, …",
        409,
        Reaction.NEXT,
    ),
    "a quota of one core": (
        "OperationNotAllowed",
        "… results in exceeding quota limit of Core. Maximum …",
        409,
        Reaction.NEXT,
    ),
    "a quota in another language": (
        "OperationNotAllowed",
        "… da das genehmigte Kontingent 'standardNCADSA100v4Family' überschritten wird. …",
        409,
        Reaction.NEXT,
    ),
    "a size that no Flexible set takes": (
        "OperationNotAllowed",
        "Virtual Machine Scale Sets with Flexible Orchestration Mode or … cannot use VM Size 'Standard_B1ls'",
        409,
        Reaction.NEXT,
    ),
    "no answer": (None, "management.azure.com did not answer: EOF", 0, Reaction.RETRY),
    "a request that took too long": (None, "", 408, Reaction.RETRY),
    "a quota of addresses": (
        "IPv4StandardSkuPublicIpCountLimitReached",
        "Cannot create more than 10 …",
        400,
        Reaction.NEXT,
    ),
    "a code in another case": ("OverConstrainedAllocationRequest", "The required VM size …", 409, Reaction.NEXT),
    "a size that the location has not": (
        "InvalidParameter",
        "The requested VM size Standard_D2s_v5 is not available in the current region. The sizes …",
        400,
        Reaction.NEXT,
    ),
    "a location that is closed": ("RequestDisallowedByAzure", "… not accepting new customers …", 403, Reaction.NEXT),
    "another operation on the set": (
        "OperationNotAllowed",
        "Operation 'x' is not allowed on VM 'y' since another operation is in progress.",
        409,
        Reaction.RETRY,
    ),
    "a locked network": ("RetryableErrorDueToAnotherOperation", "", 429, Reaction.RETRY),
    "a reference that is not ready": ("RetryableError", "A retryable error occurred.", 429, Reaction.RETRY),
    "a fault of compute's in a long operation": ("NetworkingInternalOperationError", "", 200, Reaction.RETRY),
    "an image under a plan": ("VMMarketplaceInvalidInput", "… requires Plan information …", 400, Reaction.EXPLAIN),
    "another operation that is not allowed": ("OperationNotAllowed", "overprovision …", 400, Reaction.EXPLAIN),
    "throttled by compute": ("OperationNotAllowed", "… because too many requests have been …", 429, Reaction.RETRY),
    "throttled by whomever": ("SomethingNew", "", 429, Reaction.RETRY),
    "a fault of Azure's without a code": (None, "", 503, Reaction.RETRY),
    "a fault of Azure's in a long operation": ("InternalServerError", "", 200, Reaction.RETRY),
    "two changes at once": ("AnotherOperationInProgress", "", 409, Reaction.RETRY),
    "an identity that is too new": ("PrincipalNotFound", "", 400, Reaction.RETRY),
    "a price above max_price": ("SpotPriceGreaterThanProvidedMaxPrice", "", 409, Reaction.NEXT),
    "no low-priority machines at all": ("AzureSpotFeatureNotEnabledForSubscription", "", 409, Reaction.REFUSE),
    "a provider that is not registered": ("MissingSubscriptionRegistration", "", 409, Reaction.REFUSE),
    "terms that nobody accepted": ("MarketplacePurchaseEligibilityFailed", "", 400, Reaction.REFUSE),
    "a right that is missing": ("AuthorizationFailed", "", 403, Reaction.REFUSE),
    "a registration that the caller may not make": (
        "AuthorizationFailed",
        "The client 'c' may not: to perform action 'Microsoft.Logic/register/action' over scope '/s'.",
        403,
        Reaction.REFUSE,
    ),
    "a policy": ("RequestDisallowedByPolicy", "", 403, Reaction.EXPLAIN),
    "an image that is not there": ("ImageNotFound", "", 404, Reaction.EXPLAIN),
    "a wrong value": ("InvalidParameter", "", 400, Reaction.EXPLAIN),
    "what nobody has heard of": ("SomethingNew", "", 400, Reaction.EXPLAIN),
}
# The codes of which there is nothing to say but their name
_PLAIN = {
    "CannotCreateAlreadyExisting": (200, Reaction.CLEAR),
    "LocationNotAvailableForResourceType": (400, Reaction.NEXT),
    "QuotaExceeded": (409, Reaction.NEXT),
    "InvalidSubscriptionId": (400, Reaction.REFUSE),
    "RoleAssignmentExists": (409, Reaction.RETRY),
    "InvalidRequestFormat": (400, Reaction.EXPLAIN),
    "InvalidJsonReferenceFormat": (400, Reaction.EXPLAIN),
    "LinkedInvalidPropertyId": (400, Reaction.EXPLAIN),
    "InvalidTemplate": (400, Reaction.EXPLAIN),
    "VMExtensionProvisioningError": (200, Reaction.EXPLAIN),
    "VMExtensionHandlerNonTransientError": (200, Reaction.EXPLAIN),
    "VMExtensionProvisioningTimeout": (200, Reaction.EXPLAIN),
    "MaxStorageAccountsCountPerSubscriptionExceeded": (400, Reaction.NEXT),
    "StorageAccountOperationInProgress": (409, Reaction.RETRY),
    "StorageAccountIsNotProvisioned": (409, Reaction.RETRY),
    "ReferencedResourceNotProvisioned": (429, Reaction.RETRY),
    "OperationPreempted": (409, Reaction.RETRY),
    "CanceledAndSupersededDueToAnotherOperation": (429, Reaction.RETRY),
    "OperationTimedOut": (200, Reaction.RETRY),
    "OutputNotRead": (200, Reaction.RETRY),
    "ReadOnlyDisabledSubscription": (403, Reaction.REFUSE),
    "DisallowedOperation": (400, Reaction.REFUSE),
    "DisallowedProvider": (400, Reaction.REFUSE),
    "SubscriptionNotFound": (404, Reaction.REFUSE),
    "ScopeLocked": (409, Reaction.REFUSE),
    "DenyAssignmentAuthorizationFailed": (403, Reaction.REFUSE),
    "ResourcePurchaseValidationFailed": (400, Reaction.REFUSE),
    "UnmatchedPrincipalType": (400, Reaction.EXPLAIN),
    "CertificateNotTrusted": (0, Reaction.EXPLAIN),
    "NatGatewayCountLimitReached": (400, Reaction.NEXT),
    "InternalExecutionError": (200, Reaction.RETRY),
    "RegionDoesNotAllowProvisioning": (409, Reaction.NEXT),
    "ResourceQuotaExceeded": (409, Reaction.NEXT),
    "PublicIPCountLimitReached": (400, Reaction.NEXT),
    "AzureSpotIsNotSupportedForThisVMSize": (400, Reaction.NEXT),
    "MaxPriceValueInvalid": (400, Reaction.EXPLAIN),
    "TooManyRequests": (429, Reaction.RETRY),
    "SubscriptionRequestsThrottled": (429, Reaction.RETRY),
    "Conflict": (409, Reaction.RETRY),
    "ServiceUnavailable": (503, Reaction.RETRY),
    "GatewayTimeout": (504, Reaction.RETRY),
    "InternalOperationError": (500, Reaction.RETRY),
    "OSProvisioningInternalError": (409, Reaction.RETRY),
    "SubscriptionNotRegistered": (404, Reaction.REFUSE),
    "InvalidSubscriptionRegistrationState": (409, Reaction.REFUSE),
    "MissingRegistrationForLocation": (409, Reaction.REFUSE),
    "NoRegisteredProviderFound": (400, Reaction.REFUSE),
    "LinkedAuthorizationFailed": (403, Reaction.REFUSE),
    "LinkedAccessCheckFailed": (400, Reaction.REFUSE),
    "SubscriptionNotAuthorizedForImage": (403, Reaction.REFUSE),
    "PlatformImageNotFound": (404, Reaction.EXPLAIN),
    "InvalidRequestContent": (400, Reaction.EXPLAIN),
    "BadRequest": (400, Reaction.EXPLAIN),
    "InvalidResourceReference": (400, Reaction.EXPLAIN),
    "ResourceNotFound": (404, Reaction.EXPLAIN),
    "NotFound": (404, Reaction.EXPLAIN),
    "ParentResourceNotFound": (404, Reaction.EXPLAIN),
    "SubnetIsFull": (400, Reaction.EXPLAIN),
    "StorageAccountAlreadyTaken": (409, Reaction.EXPLAIN),
    "StorageAccountAlreadyExists": (409, Reaction.EXPLAIN),
    "StorageAccountInAnotherResourceGroup": (409, Reaction.EXPLAIN),
    "ResourceGroupBeingDeleted": (409, Reaction.EXPLAIN),
    "ResourceGroupNotFound": (404, Reaction.EXPLAIN),
    "OSProvisioningTimedOut": (409, Reaction.EXPLAIN),
    "OSProvisioningClientError": (409, Reaction.EXPLAIN),
    "VMStartTimedOut": (409, Reaction.EXPLAIN),
}
CASES.update({code: (code, "", status, reaction) for code, (status, reaction) in _PLAIN.items()})


@pytest.mark.parametrize(("code", "message", "status", "reaction"), CASES.values(), ids=CASES.keys())
def test_what_a_refusal_means(code: str | None, message: str, status: int | None, reaction: Reaction) -> None:
    assert reaction_to(code, message, status).reaction is reaction


def test_every_code_of_the_table_is_a_case() -> None:
    codes = {code.lower() for rule in REFUSAL_RULES for code in rule.codes}
    assert codes <= {case[0].lower() for case in CASES.values() if case[0]}


def test_who_may_not_register_is_told_what_the_owner_runs() -> None:
    rule = reaction_to("AuthorizationFailed", "to perform action 'Microsoft.Logic/register/action' over", 403)
    assert "az provider register" in str(rule.way_out)


def test_a_refusal_that_nobody_knows_is_told_in_its_own_words() -> None:
    assert reaction_to("SomethingNew", "", 400) is UNKNOWN


def test_every_rule_says_what_it_means_what_to_do_and_where_it_is_from() -> None:
    for rule in REFUSAL_RULES:
        assert rule.says and rule.way_out
        assert rule.source.startswith(("learn.microsoft.com/", "github.com/"))


def test_no_rule_stands_behind_one_that_takes_everything_of_its_code() -> None:
    for place, rule in enumerate(REFUSAL_RULES):
        for code in rule.codes:
            assert not [r for r in REFUSAL_RULES[:place] if code in r.codes and not r.pattern]


# What is not registered, the provider registers by itself: tests/localcloud/plugin/test_plugin_arm.py
ANSWERED = {
    name: case for name, case in CASES.items() if (case[2] or 0) >= 400 and name != "a provider that is not registered"
}


@pytest.mark.parametrize(("code", "message", "status", "reaction"), ANSWERED.values(), ids=ANSWERED.keys())
def test_a_refusal_of_the_local_clouds_has_its_reaction_by_what_the_provider_says_of_it(
    code: str | None, message: str, status: int, reaction: Reaction, cloud: Cloud
) -> None:
    fault = {"kind": "status", "method": "PUT", "path": COMPUTE, "status": status, "code": code or ""}
    words = message or "No."
    admin(cloud, "POST", "faults", {**fault, "message": words})
    layout = layout_of(cloud)
    arm = arm_by_token_file(cloud.arm_endpoint, layout.ca, layout.token)
    arm.pacing.stopped.set()  # no patience: what passes is to be seen too
    with pytest.raises(ProviderError) as caught:
        arm.put(COMPUTE, "2024-03-01", {"location": "eastus"})
    event = UpdateEvent("error", "azure-native:compute:VirtualMachineScaleSet", "scale-set", str(caught.value))
    error = provisioning_error("compute", None, [event], None)
    assert isinstance(error, ProvisioningError)
    assert (error.status, error.said) == (status, words)
    assert reaction_to(error.code, error.said, error.status).reaction is reaction
