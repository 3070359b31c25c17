"""Who is signed in, and where to sign in instead, by tokens and answers as others have them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.azure.answering import Wire, azure
from tfinfra.arm.sign_in_advice import entra_sentence, wanted_tenants, way_in
from tfinfra.arm.token_claims import claims_of, kind, principal_type
from tfinfra.azure.deletion.groups import list_runs
from tfinfra.azure.identity.caller import why_refused
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.azure.preflight.ask import _reply
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.prerequisites.group_deleter import deleter_role, make_group_deleter
from tfinfra.azure.stores import run_store
from tfinfra.azure.timer import await_armed
from tfinfra.azure.vm_instances import instances
from tfinfra.engine.principal import _credential_fault
from tfinfra.engine.refusals.notations import read_answer
from tfinfra.errors import CredentialsError
from tfinfra.machine.walk.account import account_steps

# The body as reported in Azure/LogicAppsUX#9068; the same words in Azure/pcs-cli#357
WRONG_TENANT = json.loads((Path(__file__).parents[1] / "data" / "wrong-tenant-401.json").read_text())

CALLERS: dict[str, tuple[dict[str, Any], str]] = {
    "a person, as Entra marks them": ({"idtyp": "user", "oid": "o"}, "User"),
    "an application, as Entra marks it": ({"idtyp": "app", "appid": "a"}, "ServicePrincipal"),
    "a person by scopes": ({"scp": "user_impersonation", "appid": "az"}, "User"),
    "a person by name": ({"upn": "ada@example.org", "appid": "az"}, "User"),
    "a guest": ({"unique_name": "live.com#ada@example.org", "appid": "az"}, "User"),
    "a person by the newer tokens": ({"preferred_username": "ada@example.org", "azp": "az"}, "User"),
    "a service principal": ({"appid": "a", "oid": "o"}, "ServicePrincipal"),
    "a service principal by the newer tokens": ({"azp": "a", "roles": ["x"]}, "ServicePrincipal"),
    "a managed identity": ({"appid": "a", "xms_mirid": "/subscriptions/s/…"}, "ServicePrincipal"),
    "a mark in other letters": ({"idtyp": "App"}, "ServicePrincipal"),
    "a mark that nobody knows": ({"idtyp": "device", "appid": "a"}, "ServicePrincipal"),
    "nobody in particular": ({}, "User"),
}

A, B, C = (f"{n * 8}-0000-0000-0000-000000000000" for n in "abc")
ONE = f"The access token is from the wrong issuer 'https://sts.windows.net/{A}/'. It must match the tenant"
TENANTS = {
    "one": (f"{ONE} 'https://sts.windows.net/{B}/' associated with this subscription. Please use …", (B,)),
    "several": (
        f"It must match one of the tenants 'https://sts.windows.net/{B}/,https://sts.windows.net/{C}/' associated with"
        " this subscription. Please use correct authority (URL) to get the token.",
        (B, C),
    ),
    "none": ("The access token expiry UTC time '1/1/2026' is earlier than current UTC time", ()),
    "nothing said": ("", ()),
}


@pytest.mark.parametrize(("claims", "told"), CALLERS.values(), ids=CALLERS)
def test_a_token_says_what_kind_of_principal_the_caller_is(claims: dict[str, Any], told: str) -> None:
    """The checklist says the same of them as the grants do, where their token tells anything."""
    assert principal_type(claims) == told
    if claims:
        assert (kind(claims) == "a person") == (told == "User")


NO_TOKENS = {
    "nothing": "",
    "a word": "opaque",
    "what is no base64": "a.b.c",
    "letters of no alphabet": "a.\u00fc\u00fc.c",
    "what is no JSON": "a.bm9wZQ.c",
    "what is no object": "a.WzFd.c",
}


@pytest.mark.parametrize("token", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}


def test_all_who_meet_the_wrong_tenant_or_entra_say_the_same() -> None:
    """The clients, the engine by the provider's text, the checklist."""
    several = TENANTS["several"][0]
    engine = read_answer(f'Status=401 Code="InvalidAuthenticationTokenTenant" Message="{several}"')
    assert engine is not None
    refused = ArmReply(401, {"error": {"code": "InvalidAuthenticationTokenTenant", "message": several}})
    assert {engine.sign_in, account_steps(azure(), refused)[0].fix, way_in(several)} == {way_in(several)}
    sentence = "AADSTS700016: Application with identifier 'a' was not found in the directory 'D'."
    text = f"DefaultAzureCredential failed to retrieve a token\n\tX: {sentence} This can happen. Trace ID: 1"
    entra = read_answer(text)
    assert entra is not None
    assert {entra.words, why_refused(Exception(text)), _credential_fault(text), entra_sentence(text)} == {sentence}


@pytest.mark.parametrize(("said", "tenants"), TENANTS.values(), ids=TENANTS)
def test_arm_names_the_tenants_that_it_takes(said: str, tenants: tuple[str, ...]) -> None:
    assert wanted_tenants(said) == tenants
    assert all(tenant in way_in(said) for tenant in tenants)
    assert ("--tenant" in way_in(said)) == bool(tenants)


READERS = {
    "the list of runs": list_runs,
    "a run's machines": lambda cloud: instances(cloud, "tfinfra-digits-abc123-compute"),
    "what the subscription has ready": deleter_role,
    "the preflight": lambda cloud: _reply(cloud, "GET", f"/subscriptions/{cloud.subscription_id}", None, {}),
    "the timer's runs": lambda cloud: await_armed(cloud, "group", "timer", timeout=0),
    "a run's store": lambda cloud: run_store(cloud, "group"),
    "setup azure": make_group_deleter,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_whoever_reads_a_401_says_which_tenant_to_sign_in_to(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Wire(lambda *_: (WRONG_TENANT["status"], WRONG_TENANT["body"], {})).put_under(monkeypatch)
    with pytest.raises(CredentialsError) as caught:
        read(azure())
    assert "wrong issuer 'https://sts.windows.net/TENANT-A/'" in caught.value.message
    assert "az login --tenant TENANT-B" in str(caught.value.hint)


def test_a_token_that_is_only_too_old_needs_another_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"error": {"code": "ExpiredAuthenticationToken", "message": "The access token expiry …"}}
    Wire(lambda *_: (401, body, {})).put_under(monkeypatch)
    with pytest.raises(CredentialsError, match="expiry") as caught:
        list_runs(azure())
    assert caught.value.hint == "sign in again: `az login`"


def test_the_tenant_of_the_token_is_named_beside_the_one_that_is_wanted() -> None:
    error = token_refused(replace(azure(), tenant_id=A), {"error": {"message": TENANTS["one"][0]}})
    assert f"of tenant {A}" in error.message
    assert B in str(error.hint)
