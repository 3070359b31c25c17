"""What the subscription, or the caller in it, lacks: that must be changed first."""

from __future__ import annotations

from tfinfra.azure.refusals import sources
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule

_DENIED = (
    "a deny assignment forbids it, whatever roles you have",
    "the message names it: it belongs to a managed application, a blueprint or a deployment stack; ask its owner",
)
LACKING = (
    RefusalRule(
        ("AzureSpotFeatureNotEnabledForSubscription",),
        Reaction.REFUSE,
        "the subscription has no low-priority machines",
        "vm_priority: dedicated, or another subscription",
        sources.SPOT,
    ),
    RefusalRule(
        ("ReadOnlyDisabledSubscription",),
        Reaction.REFUSE,
        "the subscription is disabled: its trial or its credit has ended, or its owner switched it off",
        "its owner re-enables it (Azure portal, Subscriptions), or another subscription_id in the target",
        sources.DISABLED,
    ),
    RefusalRule(
        ("DisallowedOperation", "DisallowedProvider"),
        Reaction.REFUSE,
        "a subscription of this kind may not have such resources",
        "another subscription_id in the target",
        sources.DISALLOWED,
    ),
    RefusalRule(
        ("SubscriptionNotFound", "InvalidSubscriptionId"),
        Reaction.REFUSE,
        "there is no such subscription, or you do not see it",
        "`az account list --query '[].[name,id]'` prints those that you see",
        sources.UNKNOWN_SUBSCRIPTION,
    ),
    RefusalRule(
        ("ScopeLocked",),
        Reaction.REFUSE,
        "a lock keeps things there from being changed",
        "the message names the lock: the owner of the subscription can remove it; or take another subscription",
        f"{sources.SCOPE_LOCKED}; {sources.LOCKS}",
    ),
    RefusalRule(
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
        sources.REGISTER,
    ),
    RefusalRule(
        ("AuthorizationFailed",),
        Reaction.REFUSE,
        "the subscription is not registered for it, and you may not register it",
        "its owner runs `az provider register --namespace <the provider that the message names>`",
        f"{sources.REGISTER}; {sources.REGISTERING}",
        r"/register/action'",
    ),
    RefusalRule(
        ("LinkedAuthorizationFailed",),
        Reaction.REFUSE,
        "what the message names is in a subscription that is not there, or is another tenant's",
        "look at the ids in the target (subnet_id, identity_id, image): they must be of the same tenant",
        sources.OTHER_SUBSCRIPTION,
        r"not authorized to access linked subscription|linked subscription '[^']*' was not found",
    ),
    RefusalRule(
        ("AuthorizationFailed",),
        Reaction.REFUSE,
        "your right to give roles has a condition, which leaves this role or this kind of principal out",
        "ask who gave it to take the role into its condition; `identity_id` and `store` need no grants",
        sources.CONDITION,
        r"ABAC condition",
    ),
    RefusalRule(
        ("DenyAssignmentAuthorizationFailed",),
        Reaction.REFUSE,
        *_DENIED,
        sources.DENIED,
    ),
    RefusalRule(
        ("LinkedAuthorizationFailed",),
        Reaction.REFUSE,
        *_DENIED,
        sources.LINKED_DENIED,
        r"blocked by deny assignments? on",
    ),
    RefusalRule(
        ("LinkedAuthorizationFailed", "LinkedAccessCheckFailed"),
        Reaction.REFUSE,
        "the caller may write the resource and not use another that it names",
        "ask the owner of what the message names last for that right on it; a new grant takes minutes to hold",
        f"{sources.LINKED}; {sources.LINKED_CHECK}",
    ),
    RefusalRule(
        ("AuthorizationFailed",),
        Reaction.REFUSE,
        "the caller may not do what the message names",
        "ask the owner of the subscription for that role; a new grant takes minutes to hold",
        sources.ROLES,
    ),
    RefusalRule(
        ("MarketplacePurchaseEligibilityFailed", "ResourcePurchaseValidationFailed"),
        Reaction.REFUSE,
        "the subscription has not accepted the terms of the image, or may not buy it",
        "`az vm image terms accept --urn <image>`, or another image",
        f"{sources.PURCHASE}; {sources.VALIDATED_PURCHASE}",
    ),
    RefusalRule(
        ("SubscriptionNotAuthorizedForImage",),
        Reaction.REFUSE,
        "the subscription may not use the image",
        "ask the owner of the image for the right to read it, or take another image",
        sources.VM_ERRORS,
    ),
)
