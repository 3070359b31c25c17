"""What passes by itself: the same choice is tried again, a few times."""

from __future__ import annotations

from tfinfra.azure.refusals import sources
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule

_LATER = "try again later, or somewhere else"
_BUSY = "another change of the same resource is under way"

THROTTLED = RefusalRule((), Reaction.RETRY, "Azure is asked too often", _LATER, sources.LIMITS)
AT_FAULT = RefusalRule((), Reaction.RETRY, "Azure has a fault of its own", _LATER, sources.STATUS)
SILENT = RefusalRule(
    (),
    Reaction.RETRY,
    "no answer came",
    "look at this machine's network, its proxy and status.azure.com; then start it again",
    sources.STATUS,
)

PASSING = (
    RefusalRule(
        ("CannotCreateAlreadyExisting",),
        Reaction.CLEAR,
        "an earlier try made it, though it seemed to fail",
        "start it again: the next run's groups are its own",
        f"{sources.EXISTS}; {sources.ACCOUNT_BUSY}",
    ),
    RefusalRule(
        ("OperationNotAllowed",),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        sources.THROTTLING,
        r"too many requests",
    ),
    RefusalRule(
        ("TooManyRequests", "SubscriptionRequestsThrottled"),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        f"{sources.THROTTLING}; {sources.ERRORS}",
    ),
    RefusalRule(
        ("OperationNotAllowed",),
        Reaction.RETRY,
        _BUSY,
        _LATER,
        sources.VM_ERRORS,
        r"another operation is in progress|an ongoing operation is",
    ),
    RefusalRule(
        ("AnotherOperationInProgress", "RetryableErrorDueToAnotherOperation", "RetryableError"),
        Reaction.RETRY,
        _BUSY,
        _LATER,
        f"{sources.ERRORS}; {sources.LIMITS}; {sources.LOCKED}; {sources.ENDPOINTS}",
    ),
    RefusalRule(
        ("StorageAccountOperationInProgress", "StorageAccountIsNotProvisioned"),
        Reaction.RETRY,
        "the storage account is still being made",
        _LATER,
        f"{sources.ACCOUNT_BUSY}; {sources.ACCOUNT_NEW}",
    ),
    RefusalRule(
        ("RoleAssignmentExists",),
        Reaction.RETRY,
        "an earlier try made the grant, though it seemed to fail",
        "start it again: the next run's groups are its own",
        sources.GRANTED,
    ),
    RefusalRule(
        ("ReferencedResourceNotProvisioned",),
        Reaction.RETRY,
        "what the resource refers to is still being changed",
        _LATER,
        sources.UPDATING,
    ),
    RefusalRule(
        ("OperationPreempted", "CanceledAndSupersededDueToAnotherOperation"),
        Reaction.RETRY,
        "another change of the same resource went before it",
        _LATER,
        sources.PREEMPTED,
    ),
    RefusalRule(
        ("Conflict",), Reaction.RETRY, "the state of the resource does not allow it now", _LATER, sources.ERRORS
    ),
    RefusalRule(
        (
            *("InternalServerError", "ServiceUnavailable", "GatewayTimeout"),
            *("InternalOperationError", "NetworkingInternalOperationError", "OSProvisioningInternalError"),
        ),
        Reaction.RETRY,
        "Azure has a fault of its own",
        _LATER,
        f"{sources.ERRORS}; {sources.VM_ERRORS}; {sources.STATUS}",
    ),
    RefusalRule(("OperationTimedOut",), Reaction.RETRY, "Azure did not finish in time", _LATER, sources.PROVIDER),
    RefusalRule(
        ("OutputNotRead",),
        Reaction.RETRY,
        "the new resource is not seen everywhere yet",
        "start it again",
        sources.UNREAD,
    ),
    RefusalRule(
        ("PrincipalNotFound",), Reaction.RETRY, "the new identity is not known everywhere yet", _LATER, sources.ROLES
    ),
)
