"""The subscriptions and their states, and what a disabled or an unknown one refuses."""

from __future__ import annotations

from typing import Any

from tfinfra.localcloud.arm.subscription.subscription_settings import SubscriptionSettings
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION, TENANT


def states(settings: SubscriptionSettings) -> dict[str, str]:
    """{id: state}, the state as ARM spells it: Enabled, Warned, PastDue, Disabled."""
    return {SUBSCRIPTION: "Enabled", **{id_.lower(): state for id_, state in settings.subscriptions.items()}}


def documents(settings: SubscriptionSettings) -> list[dict[str, Any]]:
    """All of them as ARM lists them."""
    return [_document(id_, state) for id_, state in states(settings).items()]


def document(settings: SubscriptionSettings, id_: str) -> dict[str, Any]:
    """One of them. Raises ArmRefusal (404)."""
    state = states(settings).get(id_.lower())
    if state is None:
        raise ArmRefusal(404, "SubscriptionNotFound", f"The subscription '{id_}' could not be found.")
    return _document(id_.lower(), state)


def check(settings: SubscriptionSettings, method: str, path: str) -> None:
    """Raises ArmRefusal where `path` is in an unknown subscription, or in one that takes no writes: what is in a
    disabled one may still be read and deleted."""
    parts = path.split("/")
    if len(parts) < 3 or parts[1].lower() != "subscriptions":
        return
    state = document(settings, parts[2])["state"]
    if state == "Disabled" and method not in ("GET", "HEAD", "DELETE"):
        message = (
            f"The subscription '{parts[2]}' is disabled and therefore marked as read only. You cannot perform any "
            "write actions on this subscription until it is re-enabled."
        )
        raise ArmRefusal(409, "ReadOnlyDisabledSubscription", message)


def _document(id_: str, state: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{id_}",
        "subscriptionId": id_,
        "tenantId": TENANT,
        "displayName": "this machine",
        "state": state,
    }
