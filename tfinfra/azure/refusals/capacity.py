"""What one location lacks and another may have: the next choice is tried."""

from __future__ import annotations

from tfinfra.azure.refusals import sources
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule

QUOTA_WORDS = r"exceeding (approved .*quota|quota limits?)|'(standard\w+Family|cores|lowPriorityCores)'"
"""What OperationNotAllowed says of a quota, in any case of its letters; it says other things too. The quota's own name
is the same in every language in which ARM answers."""
ELSEWHERE = "another location or vm_size, or a list of them in compute_target, to be tried in order"

OF_A_KIND = RefusalRule(
    ("ResourceQuotaExceeded", "PublicIPCountLimitReached", "IPv4StandardSkuPublicIpCountLimitReached"),
    Reaction.NEXT,
    "a quota of the subscription does not suffice there",
    f"ask for a higher quota of what the message names (a subnet_id takes no public address); or {ELSEWHERE}",
    f"{sources.ERRORS}; {sources.ADDRESSES}",
)

CAPACITY = (
    # The machines are not free there, or not offered there
    RefusalRule(
        ("AllocationFailed", "ZonalAllocationFailed"),
        Reaction.NEXT,
        "too few machines of this size are free there",
        ELSEWHERE,
        sources.ALLOCATION,
    ),
    RefusalRule(
        ("OverconstrainedAllocationRequest", "OverconstrainedZonalAllocationRequest"),
        Reaction.NEXT,
        "no machines there meet all of what is asked for",
        f"{ELSEWHERE}; without zone there are more of them",
        sources.CONSTRAINTS,
    ),
    RefusalRule(
        ("SkuNotAvailable",),
        Reaction.NEXT,
        "the size is not available there now",
        f"{ELSEWHERE}; `az vm list-skus` says what is offered where",
        f"{sources.SKU}; {sources.CAPACITY}",
    ),
    RefusalRule(
        ("InvalidParameter",),
        Reaction.NEXT,
        "the size is not available there now",
        f"{ELSEWHERE}; `az vm list-skus` says what is offered where",
        sources.VM_ERRORS,
        r"requested VM size .* is not available in the current region",
    ),
    RefusalRule(
        ("OperationNotAllowed", "BadRequest", "InvalidParameter"),
        Reaction.NEXT,
        "the size does not go into such a scale set",
        "another vm_size, or a list of them in compute_target, to be tried in order",
        sources.FLEXIBLE,
        r"Flexible Orchestration Mode .*(cannot|can only) use VM size",
    ),
    RefusalRule(
        ("BadRequest", "InvalidParameter"),
        Reaction.NEXT,
        "the size does not boot such machines",
        "another vm_size, or a list of them in compute_target, to be tried in order",
        sources.SECURITY_TYPE,
        r"VM size '[^']*' is not supported for creation of VMs|cannot boot Hypervisor Generation",
    ),
    RefusalRule(
        ("RegionDoesNotAllowProvisioning",),
        Reaction.NEXT,
        "the location takes no new machines of this subscription",
        f"{ELSEWHERE}; or ask Azure for access to the region",
        sources.ERRORS,
    ),
    RefusalRule(
        ("RequestDisallowedByAzure",),
        Reaction.NEXT,
        "the location is closed to this subscription",
        f"{ELSEWHERE}; or ask Azure for access to the region",
        sources.REGION,
    ),
    RefusalRule(
        ("LocationNotAvailableForResourceType",),
        Reaction.NEXT,
        "the location does not have what the message names",
        "another location: the message lists those that have it",
        sources.NOT_THERE,
    ),
    # Quota: counted by location
    RefusalRule(
        ("OperationNotAllowed", "QuotaExceeded"),
        Reaction.NEXT,
        "the quota of low-priority cores does not suffice there",
        f"ask for a higher quota of low-priority cores; {ELSEWHERE}; or vm_priority: dedicated",
        f"{sources.QUOTA}; {sources.DIRECT_QUOTA}",
        r"LowPriorityCores quota|quota limits? of LowPriorityCores",
    ),
    RefusalRule(
        ("OperationNotAllowed",),
        Reaction.NEXT,
        "the quota of cores does not suffice there",
        f"ask for a higher quota of the cores that the message names; or {ELSEWHERE}",
        sources.QUOTA,
        QUOTA_WORDS,
    ),
    RefusalRule(
        ("QuotaExceeded",),
        Reaction.NEXT,
        "the quota of cores does not suffice there",
        f"ask for a higher quota of what the message names; or {ELSEWHERE}",
        sources.DIRECT_QUOTA,
    ),
    RefusalRule(
        ("MaxStorageAccountsCountPerSubscriptionExceeded",),
        Reaction.NEXT,
        "the subscription has as many storage accounts there as it may have",
        "delete some, ask for a higher quota, or name another location first; `store` in the target needs none",
        sources.ACCOUNTS,
    ),
    OF_A_KIND,
    # Low priority
    RefusalRule(
        ("SpotPriceGreaterThanProvidedMaxPrice",),
        Reaction.NEXT,
        "low-priority machines cost more than max_price there now",
        f"a higher max_price; {ELSEWHERE}; or vm_priority: dedicated",
        sources.SPOT,
    ),
    RefusalRule(
        ("AzureSpotIsNotSupportedForThisVMSize",),
        Reaction.NEXT,
        "the size is not sold as a low-priority one",
        "another vm_size, or vm_priority: dedicated",
        sources.SPOT,
    ),
)
