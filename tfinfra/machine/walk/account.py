"""Who asks, and whether the subscription will take it: the token's claims and ARM's document of the subscription,
read. Pure, but for the one request.

Sources: claims, learn.microsoft.com/entra/identity-platform/access-token-claims-reference; states,
learn.microsoft.com/rest/api/resources/subscriptions/get and
learn.microsoft.com/azure/cost-management-billing/manage/subscription-states; the wrong tenant's 401, Azure/pcs-cli#357.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.arm.sign_in_advice import wanted_tenants, way_in, without_advice
from tfinfra.arm.token_claims import kind
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.prerequisites.questions import YOURS
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, NotFeasible
from tfinfra.machine.walk.steps import Step

SUBSCRIPTIONS_API = "2022-12-01"
_READ_ONLY = "what is there can be read, nothing can be made"
_STATES = {
    "enabled": ("ok", "enabled", None),
    "warned": ("not", f"warned: {_READ_ONLY} soon", "settle what Azure's mails and the portal's banner ask for"),
    "pastdue": ("not", "past due: an invoice is open, and it will be disabled", "pay it: portal, Cost Management"),
    "disabled": ("not", f"disabled: {_READ_ONLY}", "reactivate it: portal, Subscriptions, or use another one"),
    "deleted": ("not", "deleted", "use another subscription: `az account list --output table`"),
}
_STOPS = ("disabled", "deleted")


def who(claims: Mapping[str, Any]) -> str:
    """ "ada@contoso.com, a person, object 1f…" of a token's claims."""
    oid = str(claims.get("oid") or "not said")
    name = claims.get("upn") or claims.get("unique_name") or claims.get("preferred_username") or claims.get("appid")
    return f"{name or oid}, {kind(claims)}, object {oid}"


def ask_subscription(cloud: Cloud) -> ArmReply:
    """ARM's document of the subscription, whatever it answers, also nothing."""
    from azure.core.exceptions import AzureError

    from tfinfra.azure.clients import send_json

    path, version = f"/subscriptions/{cloud.subscription_id}", {"api-version": SUBSCRIPTIONS_API}
    try:
        return ArmReply(*send_json(cloud, "GET", path, **version))
    except AzureError as error:
        return ArmReply.none(error)


def account_steps(cloud: Cloud, reply: ArmReply) -> list[Step]:
    """The tenant and the subscription's state."""
    if reply.status == 401:
        return [_refused(cloud, str(reply.error.get("message", "")))]
    return [_tenant(cloud, reply.body.get("tenantId") if reply.ok else None), _subscription(cloud, reply)]


def _refused(cloud: Cloud, said: str) -> Step:
    """ARM names the tenant that the subscription trusts in the same sentence (InvalidAuthenticationTokenTenant)."""
    tenants, text = wanted_tenants(said), without_advice(" ".join(said.split()))
    if not tenants:
        refusal = f"{cloud.arm_endpoint} refuses your token: {text}"
        return Step("credential", "not", refusal, way_in(said, "az login"), CredentialsError.exit_code)
    fix = _login(tenants[0]) if len(tenants) == 1 else way_in(said)
    stranger = f"{_shown(cloud.tenant_id)} is not the subscription's: {text}"
    return Step("tenant", "not", stranger, fix, CredentialsError.exit_code)


def _tenant(cloud: Cloud, trusted: Any) -> Step:
    own = cloud.tenant_id
    if not trusted or not own:
        return Step("tenant", "unknown" if not own else "ok", _shown(own))
    if str(trusted).lower() == own.lower():
        return Step("tenant", "ok", own)
    text = f"your token is of {own}, the subscription is in {trusted}"
    return Step("tenant", "not", text, _login(str(trusted)), CredentialsError.exit_code)


def _shown(tenant: str) -> str:
    return tenant or "your token does not name its tenant"


def _login(tenant: str) -> str:
    return f"az login --tenant {tenant}"


def _subscription(cloud: Cloud, reply: ArmReply) -> Step:
    if reply.ok:
        state = str(reply.body.get("state") or "")
        unknown = ("unknown", f"in a state that tfinfra does not know: {state or 'none is told'}", None)
        level, text, fix = _STATES.get(state.lower(), unknown)
        stops = NotFeasible.exit_code if state.lower() in _STOPS else 0
        return Step("subscription", level, f"{cloud.subscription_id} is {text}", fix, stops)
    said = f"{reply.error.get('code')}: {reply.error.get('message')}"
    if reply.status == 404 and reply.error.get("code") == "SubscriptionNotFound":
        text = f"{cloud.subscription_id} is not there for you ({said})"
        return Step("subscription", "not", text, YOURS, CredentialsError.exit_code)
    fix = "the role Reader on the subscription lets you ask" if reply.status == 403 else "try again"
    return Step("subscription", "unknown", f"{cloud.subscription_id} does not tell its state ({said})", fix)
