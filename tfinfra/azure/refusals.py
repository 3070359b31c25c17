"""What each of ARM's refusals means for a run that is being provisioned, and what the user can do then: a pure table,
each rule with the pages that have its codes. The first that fits counts; who acts on it is lifecycle/attempts.py."""

from __future__ import annotations

from tfinfra.azure.reactions import Reaction, Rule

QUOTA_WORDS = r"exceeding (approved .*quota|quota limits)"
"""What OperationNotAllowed says of a quota, in any case; it says other things too."""

_DOCS = "learn.microsoft.com/azure"
_ERRORS = f"{_DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors"
_QUOTA = f"{_DOCS}/azure-resource-manager/troubleshooting/error-resource-quota"
_SKU = f"{_DOCS}/azure-resource-manager/troubleshooting/error-sku-not-available"
_POLICY = f"{_DOCS}/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy"
_REGISTER = f"{_DOCS}/azure-resource-manager/troubleshooting/error-register-resource-provider"
_SPOT = f"{_DOCS}/virtual-machines/error-codes-spot"
_REGION = f"{_DOCS}/azure-resource-manager/troubleshooting/error-region-access-policy"
_ROLES = f"{_DOCS}/role-based-access-control/troubleshooting"
_LIMITS = f"{_DOCS}/azure-resource-manager/management/request-limits-and-throttling"
_PURCHASE = f"{_DOCS}/load-balancer/load-balancer-common-deployment-errors"
_VIRTUAL_MACHINES = "learn.microsoft.com/troubleshoot/azure/virtual-machines"
_VM_ERRORS = f"{_VIRTUAL_MACHINES}/windows/error-messages"
_ALLOCATION = f"{_VIRTUAL_MACHINES}/windows/allocation-failure"
_THROTTLING = f"{_VIRTUAL_MACHINES}/troubleshooting-throttling-errors"
# Seen in Azure's answers, on no page of its documentation
_CONSTRAINTS = "github.com/Azure/karpenter-provider-azure pkg/providers/instance/offerings/commonerrorhandlers.go"
_ADDRESSES = "github.com/kubernetes-sigs/cloud-provider-azure (its end-to-end tests)"
_LOCKED = "github.com/hashicorp/terraform-provider-azurerm/issues/21293"
_STATUS = "github.com/Azure/azure-sdk-for-go sdk/azcore/policy/policy.go"
_IMAGE = "github.com/hashicorp/packer-plugin-azure/issues/53"

_ELSEWHERE = "another location or vm_size, or a list of them in compute_target, to be tried in order"
_LATER = "try again later, or somewhere else"
_OTHER_IMAGE = "another image in compute_target; `az vm image list --all` says which versions there are"
_FAULTS = (
    *("InternalServerError", "ServiceUnavailable", "GatewayTimeout"),
    *("InternalOperationError", "NetworkingInternalOperationError", "OSProvisioningInternalError"),
)

RULES = (
    # Capacity: the machines that are asked for are not free there, or not to be had there
    Rule(
        ("AllocationFailed", "ZonalAllocationFailed"),
        Reaction.NEXT,
        "too few machines of this size are free there",
        _ELSEWHERE,
        _ALLOCATION,
    ),
    Rule(
        ("OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest"),
        Reaction.NEXT,
        "no machines there meet all of what is asked for",
        f"{_ELSEWHERE}; without zone there are more of them",
        _CONSTRAINTS,
    ),
    Rule(
        ("SkuNotAvailable",),
        Reaction.NEXT,
        "the size is not to be had there now",
        f"{_ELSEWHERE}; `az vm list-skus` says what is offered where",
        _SKU,
    ),
    Rule(
        ("InvalidParameter",),
        Reaction.NEXT,
        "the size is not to be had there now",
        f"{_ELSEWHERE}; `az vm list-skus` says what is offered where",
        _VM_ERRORS,
        r"requested VM size .* is not available in the current region",
    ),
    Rule(
        ("RegionDoesNotAllowProvisioning",),
        Reaction.NEXT,
        "the location takes no new machines of this subscription",
        f"{_ELSEWHERE}; or ask Azure for access to the region",
        _ERRORS,
    ),
    Rule(
        ("RequestDisallowedByAzure",),
        Reaction.NEXT,
        "the location is closed to this subscription",
        f"{_ELSEWHERE}; or ask Azure for access to the region",
        _REGION,
    ),
    # Quota: counted by location
    Rule(
        ("OperationNotAllowed",),
        Reaction.NEXT,
        "the quota of low-priority cores does not suffice there",
        f"ask for a higher quota of low-priority cores; {_ELSEWHERE}; or vm_priority: dedicated",
        _QUOTA,
        r"LowPriorityCores quota",
    ),
    Rule(
        ("OperationNotAllowed",),
        Reaction.NEXT,
        "the quota of cores does not suffice there",
        f"ask for a higher quota of the cores that the message names; or {_ELSEWHERE}",
        _QUOTA,
        QUOTA_WORDS,
    ),
    Rule(
        ("ResourceQuotaExceeded", "PublicIPCountLimitReached", "IPv4StandardSkuPublicIpCountLimitReached"),
        Reaction.NEXT,
        "a quota of the subscription does not suffice there",
        f"ask for a higher quota of what the message names (a subnet_id takes no public address); or {_ELSEWHERE}",
        f"{_ERRORS}; {_ADDRESSES}",
    ),
    # Low priority
    Rule(
        ("SpotPriceGreaterThanProvidedMaxPrice",),
        Reaction.NEXT,
        "low-priority machines cost more than max_price there now",
        f"a higher max_price; {_ELSEWHERE}; or vm_priority: dedicated",
        _SPOT,
    ),
    Rule(
        ("AzureSpotIsNotSupportedForThisVMSize",),
        Reaction.NEXT,
        "the size is not sold as a low-priority one",
        "another vm_size, or vm_priority: dedicated",
        _SPOT,
    ),
    Rule(
        ("AzureSpotFeatureNotEnabledForSubscription",),
        Reaction.REFUSE,
        "the subscription has no low-priority machines",
        "vm_priority: dedicated, or another subscription",
        _SPOT,
    ),
    Rule(
        ("MaxPriceValueInvalid",),
        Reaction.EXPLAIN,
        "max_price must be more than 0",
        "a max_price in US dollars an hour and node, or none",
        _SPOT,
    ),
    # What passes by itself
    Rule(
        ("OperationNotAllowed",), Reaction.RETRY, "Azure is asked too often", _LATER, _THROTTLING, r"too many requests"
    ),
    Rule(
        ("TooManyRequests", "SubscriptionRequestsThrottled"),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        f"{_THROTTLING}; {_ERRORS}",
    ),
    Rule(
        ("OperationNotAllowed",),
        Reaction.RETRY,
        "another change of the same resource is under way",
        _LATER,
        _VM_ERRORS,
        r"another operation is in progress|an ongoing operation is",
    ),
    Rule(
        ("AnotherOperationInProgress", "RetryableErrorDueToAnotherOperation", "RetryableError"),
        Reaction.RETRY,
        "another change of the same resource is under way",
        _LATER,
        f"{_ERRORS}; {_LIMITS}; {_LOCKED}",
    ),
    Rule(("Conflict",), Reaction.RETRY, "the state of the resource does not allow it now", _LATER, _ERRORS),
    Rule(_FAULTS, Reaction.RETRY, "Azure has a fault of its own", _LATER, f"{_ERRORS}; {_VM_ERRORS}; {_STATUS}"),
    Rule(("PrincipalNotFound",), Reaction.RETRY, "the new identity is not known everywhere yet", _LATER, _ROLES),
    # What the subscription lacks
    Rule(
        (
            "SubscriptionNotRegistered",
            "MissingSubscriptionRegistration",
            "InvalidSubscriptionRegistrationState",
            "MissingRegistrationForLocation",
            "NoRegisteredProviderFound",
        ),
        Reaction.REFUSE,
        "the subscription is not registered for what the message names",
        "`az provider register --namespace <the provider>`, and again once that is done",
        _REGISTER,
    ),
    Rule(
        ("AuthorizationFailed", "LinkedAuthorizationFailed"),
        Reaction.REFUSE,
        "the caller may not do what the message names",
        "ask whoever owns the subscription for that role; a new grant takes minutes to hold",
        _ROLES,
    ),
    Rule(
        ("MarketplacePurchaseEligibilityFailed",),
        Reaction.REFUSE,
        "the subscription has not accepted the terms of the image, or may not buy it",
        "`az vm image terms accept --urn <image>`, or another image",
        _PURCHASE,
    ),
    Rule(
        ("SubscriptionNotAuthorizedForImage",),
        Reaction.REFUSE,
        "the subscription may not use the image",
        "ask whoever owns the image for the right to read it, or another image",
        _VM_ERRORS,
    ),
    # What the request has wrong
    Rule(
        ("RequestDisallowedByPolicy",),
        Reaction.EXPLAIN,
        "a policy of the subscription forbids it",
        "the message names the policy: meet it, for instance by tags or location, or ask for an exemption",
        _POLICY,
    ),
    Rule(
        ("ImageNotFound", "PlatformImageNotFound"),
        Reaction.EXPLAIN,
        "the image is not there",
        _OTHER_IMAGE,
        f"{_ERRORS}; {_IMAGE}",
    ),
    Rule(
        ("VMMarketplaceInvalidInput",),
        Reaction.EXPLAIN,
        "the image is sold under a plan, which tfinfra does not name",
        "an image without a plan",
        _VM_ERRORS,
    ),
    Rule(
        ("InvalidParameter", "InvalidRequestContent", "BadRequest"),
        Reaction.EXPLAIN,
        "Azure does not take a value of the request",
        "the message names the value; `tfinfra plan` shows what is asked for",
        _ERRORS,
    ),
    Rule(
        ("InvalidResourceReference", "ResourceNotFound", "NotFound", "ParentResourceNotFound"),
        Reaction.EXPLAIN,
        "something that the request names is not there",
        "the message names it: a subnet, an image or a reservation of yours?",
        _ERRORS,
    ),
    Rule(
        ("SubnetIsFull",),
        Reaction.EXPLAIN,
        "the subnet has too few free addresses",
        "another subnet_id, or none: then the run has a network of its own",
        _ERRORS,
    ),
    Rule(
        ("StorageAccountAlreadyTaken", "StorageAccountAlreadyExists", "StorageAccountInAnotherResourceGroup"),
        Reaction.EXPLAIN,
        "the name of the run's storage account is taken",
        "start it again: the name is made of the run's id, which is another then",
        _ERRORS,
    ),
    Rule(
        ("ResourceGroupBeingDeleted", "ResourceGroupNotFound"),
        Reaction.EXPLAIN,
        "somebody has deleted the run's resource group, or is about to",
        "start it again, unless that was meant to end it",
        _ERRORS,
    ),
    Rule(
        ("OSProvisioningTimedOut", "OSProvisioningClientError", "VMStartTimedOut"),
        Reaction.EXPLAIN,
        "a node's system did not come up",
        "start it again; an image of your own must be generalized, and hold cloud-init",
        _VM_ERRORS,
    ),
    Rule(
        ("OperationNotAllowed",),
        Reaction.EXPLAIN,
        "Azure does not do this with such a resource",
        "the message names what; `tfinfra plan` shows what is asked for",
        _ERRORS,
    ),
)

_THROTTLED = Rule((), Reaction.RETRY, "Azure is asked too often", _LATER, _LIMITS)
_AT_FAULT = Rule((), Reaction.RETRY, "Azure has a fault of its own", _LATER, _STATUS)
UNKNOWN = Rule((), Reaction.EXPLAIN, "", None, "")
"""ARM's own words must do."""


def reaction_to(code: str | None, message: str, status: int | None) -> Rule:
    """The rule for an error of ARM's: the first that fits its code and message, else by its HTTP status."""
    for rule in RULES:
        if code is not None and rule.fits(code, message):
            return rule
    if status == 429:
        return _THROTTLED
    return _AT_FAULT if status is not None and status >= 500 else UNKNOWN
