"""What passes by itself: the same place is tried again, a few times."""

from __future__ import annotations

from tfinfra.azure.reactions import Reaction, Rule
from tfinfra.azure.refusals import sources

_LATER = "try again later, or somewhere else"
_BUSY = "another change of the same resource is under way"

THROTTLED = Rule((), Reaction.RETRY, "Azure is asked too often", _LATER, sources.LIMITS)
AT_FAULT = Rule((), Reaction.RETRY, "Azure has a fault of its own", _LATER, sources.STATUS)
SILENT = Rule(
    (),
    Reaction.RETRY,
    "no answer came",
    "look at this machine's network, its proxy and status.azure.com; then start it again",
    sources.STATUS,
)

PASSING = (
    Rule(
        ("CannotCreateAlreadyExisting",),
        Reaction.CLEAR,
        "an earlier try made it, though it seemed to fail",
        "start it again: the next run's groups are its own",
        f"{sources.EXISTS}; {sources.ACCOUNT_BUSY}",
    ),
    Rule(
        ("OperationNotAllowed",),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        sources.THROTTLING,
        r"too many requests",
    ),
    Rule(
        ("TooManyRequests", "SubscriptionRequestsThrottled"),
        Reaction.RETRY,
        "Azure is asked too often",
        _LATER,
        f"{sources.THROTTLING}; {sources.ERRORS}",
    ),
    Rule(
        ("OperationNotAllowed",),
        Reaction.RETRY,
        _BUSY,
        _LATER,
        sources.VM_ERRORS,
        r"another operation is in progress|an ongoing operation is",
    ),
    Rule(
        ("AnotherOperationInProgress", "RetryableErrorDueToAnotherOperation", "RetryableError"),
        Reaction.RETRY,
        _BUSY,
        _LATER,
        f"{sources.ERRORS}; {sources.LIMITS}; {sources.LOCKED}; {sources.ENDPOINTS}",
    ),
    Rule(
        ("StorageAccountOperationInProgress", "StorageAccountIsNotProvisioned"),
        Reaction.RETRY,
        "the storage account is still being made",
        _LATER,
        f"{sources.ACCOUNT_BUSY}; {sources.ACCOUNT_NEW}",
    ),
    Rule(
        ("RoleAssignmentExists",),
        Reaction.RETRY,
        "an earlier try made the grant, though it seemed to fail",
        "start it again: the next run's groups are its own",
        sources.GRANTED,
    ),
    Rule(
        ("ReferencedResourceNotProvisioned",),
        Reaction.RETRY,
        "what the resource refers to is still being changed",
        _LATER,
        sources.UPDATING,
    ),
    Rule(
        ("OperationPreempted", "CanceledAndSupersededDueToAnotherOperation"),
        Reaction.RETRY,
        "another change of the same resource went before it",
        _LATER,
        sources.PREEMPTED,
    ),
    Rule(("Conflict",), Reaction.RETRY, "the state of the resource does not allow it now", _LATER, sources.ERRORS),
    Rule(
        (
            *("InternalServerError", "ServiceUnavailable", "GatewayTimeout"),
            *("InternalOperationError", "NetworkingInternalOperationError", "OSProvisioningInternalError"),
        ),
        Reaction.RETRY,
        "Azure has a fault of its own",
        _LATER,
        f"{sources.ERRORS}; {sources.VM_ERRORS}; {sources.STATUS}",
    ),
    Rule(("OperationTimedOut",), Reaction.RETRY, "Azure did not finish in time", _LATER, sources.PROVIDER),
    Rule(
        ("OutputNotRead",),
        Reaction.RETRY,
        "the new resource is not seen everywhere yet",
        "start it again",
        sources.UNREAD,
    ),
    Rule(("PrincipalNotFound",), Reaction.RETRY, "the new identity is not known everywhere yet", _LATER, sources.ROLES),
)
