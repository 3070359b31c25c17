"""What each of ARM's refusals means for a run that is being provisioned: try again here, try the next place, or end,
and what the user can do then. A pure table; who acts on it is lifecycle/attempts.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_DOCS = "learn.microsoft.com/azure"
_ERRORS = f"{_DOCS}/azure-resource-manager/troubleshooting/common-deployment-errors"
_QUOTA = f"{_DOCS}/azure-resource-manager/troubleshooting/error-resource-quota"
_SKU = f"{_DOCS}/azure-resource-manager/troubleshooting/error-sku-not-available"
_POLICY = f"{_DOCS}/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy"
_REGISTER = f"{_DOCS}/azure-resource-manager/troubleshooting/error-register-resource-provider"
_SPOT = f"{_DOCS}/virtual-machines/error-codes-spot"
_VM_ERRORS = f"{_DOCS}/virtual-machines/error-messages"
_ROLES = f"{_DOCS}/role-based-access-control/troubleshooting"
_MARKETPLACE = f"{_DOCS}/virtual-machines/linux/cli-ps-findimage"
_ALLOCATION = "learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/allocation-failure"
_THROTTLING = "learn.microsoft.com/troubleshoot/azure/virtual-machines/troubleshooting-throttling-errors"

_ELSEWHERE = "another location or vm_size, or a list of them in compute_target, to be tried in order"
_LATER = "try again later, or somewhere else"


class Reaction(str, Enum):
    """RETRY: the same place once more, after a pause, a few times. NEXT: the next place, where there is one. REFUSE:
    the subscription lacks something that must be there first. EXPLAIN: the request itself is at fault."""

    RETRY = "retry"
    NEXT = "next"
    REFUSE = "refuse"
    EXPLAIN = "explain"


@dataclass(frozen=True)
class Rule:
    """What one of `codes` means, where ARM's message matches `pattern`: `says` is a clause for the user, `way_out` what
    to do where the run ends with it; `source` the page that the rule is from."""

    codes: tuple[str, ...]
    reaction: Reaction
    says: str
    way_out: str | None
    source: str
    pattern: str = ""

    def fits(self, code: str, message: str) -> bool:
        return code in self.codes and re.search(self.pattern, message, re.IGNORECASE) is not None


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
        _ALLOCATION,
    ),
    Rule(
        ("SkuNotAvailable",),
        Reaction.NEXT,
        "the size is not to be had there now",
        f"{_ELSEWHERE}; `az vm list-skus` says what is offered where",
        _SKU,
    ),
    Rule(
        ("RegionDoesNotAllowProvisioning",),
        Reaction.NEXT,
        "the location takes no new machines of this subscription",
        f"{_ELSEWHERE}; or ask Azure for access to the region",
        _ERRORS,
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
        r"exceeding (approved .*quota|quota limits)",
    ),
    Rule(
        ("ResourceQuotaExceeded", "PublicIPCountLimitReached"),
        Reaction.NEXT,
        "a quota of the subscription does not suffice there",
        f"ask for a higher quota of what the message names; or {_ELSEWHERE}",
        _ERRORS,
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
        ("OperationNotAllowed",),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        _THROTTLING,
        r"too many requests",
    ),
    Rule(
        ("TooManyRequests", "SubscriptionRequestsThrottled"),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        _ERRORS,
    ),
    Rule(
        ("AnotherOperationInProgress", "Conflict", "RetryableError"),
        Reaction.RETRY,
        "another change of the same resource is under way",
        _LATER,
        _ERRORS,
    ),
    Rule(
        ("InternalServerError", "ServiceUnavailable", "GatewayTimeout"),
        Reaction.RETRY,
        "Azure has a fault of its own",
        _LATER,
        _ERRORS,
    ),
    Rule(
        ("PrincipalNotFound",),
        Reaction.RETRY,
        "the new identity is not known everywhere yet",
        _LATER,
        _ROLES,
    ),
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
        _MARKETPLACE,
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
        "another image in compute_target; `az vm image list --all` says which versions there are",
        _ERRORS,
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
        ("OSProvisioningTimedOut",),
        Reaction.EXPLAIN,
        "a node's system did not come up in time",
        "start it again; an image of your own must hold cloud-init",
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

_THROTTLED = Rule((), Reaction.RETRY, "Azure is asked too often", _LATER, _ERRORS)
_AT_FAULT = Rule((), Reaction.RETRY, "Azure has a fault of its own", _LATER, _ERRORS)
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
