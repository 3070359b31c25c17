"""What a chain of credentials says that gave no token, in azure-identity's words and azidentity's; what mends it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.azure.answering import azure
from tfinfra.arm.credential_chain import NOBODY, half_set, way_to_a_token, why_no_token
from tfinfra.arm.sign_in_advice import way_in
from tfinfra.azure.identity.caller import token_for
from tfinfra.errors import CredentialsError

ID, TENANT = "AZURE_CLIENT_ID", "AZURE_TENANT_ID"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJvaWQiOiJ4In0.c2lnbmF0dXJl"
ABSENT = (
    "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Environment variables are not fully"
    " configured.\nVisit https://aka.ms/azsdk/python/identity/environmentcredential/troubleshoot to troubleshoot this"
    " issue.\n\tWorkloadIdentityCredential: WorkloadIdentityCredential authentication unavailable. The workload options"
    " are not fully configured. Missing required arguments: 'tenant_id'.\n"
    "\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable.\n"
)
AZD = "\tAzureDeveloperCliCredential: Azure Developer CLI could not be found. Please visit https://aka.ms/azure-dev …\n"


def chain(*links: str) -> str:
    """As azure-identity writes it."""
    head = "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
    return f"{head}{''.join(links)}To mitigate this issue, please refer to the troubleshooting guidelines here at …"


def az(said: str) -> str:
    return chain(ABSENT, f"\tAzureCliCredential: {said}\n", AZD)


GO = (
    "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n"
    "\tEnvironmentCredential: missing environment variable AZURE_CLIENT_SECRET\n"
    "\tWorkloadIdentityCredential: no token file specified. Check pod configuration or set TokenFilePath\n"
    "\tManagedIdentityCredential: no managed identity endpoint found\n"
    "\tAzureCLICredential: Azure CLI not found on path\n"
    "\tAzureDeveloperCLICredential: Azure Developer CLI could not be found"
)
ENVIRONMENT = "\tEnvironmentCredential: Authentication failed: {}\n"
CHAINS = {
    "nothing is set up": (
        chain(ABSENT, "\tAzureCliCredential: Azure CLI not found on path\n", AZD),
        NOBODY,
        "otherwise",
    ),
    "the provider's chain, of which nothing is set up": (GO, NOBODY, "otherwise"),
    "az, in which nobody is signed in": (
        az("Please run 'az login' to set up an account"),
        "az: Please run 'az login' to set up an account",
        "`az login` signs in",
    ),
    "az with an error of its own": (az("ERROR: Something odd happened\n"), "az: Something odd happened", "by itself"),
    "az that hangs": (az("Failed to invoke the Azure CLI"), "az: it does not answer", "by itself"),
    "az that prints a token, and more": (
        az(f'Unexpected output from Azure CLI: \'{{"accessToken":"{TOKEN}"}} and more\'. '),
        'az: Unexpected output from Azure CLI: \'{"accessToken":"***"} and more\'.',
        "by itself",
    ),
    "a sign-in that is too old": (
        az("ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was … Trace ID: x"),
        "AADSTS700082: The refresh token has expired due to inactivity.",
        "sign in again",
    ),
    "conditional access": (
        az("ERROR: AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does … "),
        "AADSTS53003: Access has been blocked by Conditional Access policies.",
        "another `az login` alone does not help",
    ),
    "a second factor": (
        az("ERROR: AADSTS50076: You must use it. Trace ID: 1"),
        "AADSTS50076: You must use it.",
        "factor",
    ),
    "a wrong secret": (
        chain(ENVIRONMENT.format("AADSTS7000215: Invalid client secret provided. Ensure …")),
        "AADSTS7000215: Invalid client secret provided.",
        "az ad app credential reset",
    ),
    "an application of another tenant, told by the provider": (
        "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tEnvironmentCredential"
        ' authentication failed. \n\tPOST https://login.example/…\n\tRESPONSE 400\n{\n "error_description":'
        ' "AADSTS700016: Application was not found. It …"\n}',
        "AADSTS700016: Application was not found.",
        "an application of the tenant",
    ),
    "no way to the sign-in": (
        chain(ENVIRONMENT.format("HTTPSConnection(host='login'): Failed to establish a new connection: [Errno 111]")),
        "the AZURE_* variables: Authentication failed: HTTPSConnection(host='login'): Failed to establish a new"
        " connection: [Errno 111]",
        "HTTPS_PROXY",
    ),
    "a proxy with a CA of its own": (
        chain(ENVIRONMENT.format("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")),
        "the AZURE_* variables: Authentication failed: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        "REQUESTS_CA_BUNDLE",
    ),
    "variables that are refused": (
        chain(ENVIRONMENT.format("no such certificate")),
        "the AZURE_* variables: Authentication failed: no such certificate",
        "they go before `az login`",
    ),
    "a managed identity that is another's": (
        chain("\tManagedIdentityCredential: Token request error: (invalid_scope) 401, wrong\n", AZD),
        "managed identity: Token request error: (invalid_scope) 401, wrong",
        "IDENTITY_ENDPOINT",
    ),
    "a managed identity that another is asked of": (
        chain(
            "\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable. The requested identity"
            " has not been assigned to this resource. Error: Identity not found\n",
            AZD,
        ),
        "managed identity: ManagedIdentityCredential authentication unavailable. The requested identity has not been"
        " assigned to this resource. Error: Identity not found",
        "AZURE_CLIENT_ID",
    ),
    "what is no chain": ("some token was refused\nfor a reason", "some token was refused", "otherwise"),
}


@pytest.mark.parametrize(("text", "why", "way"), CHAINS.values(), ids=CHAINS)
def test_what_matters_of_a_chain_and_what_mends_it(text: str, why: str, way: str) -> None:
    assert why_no_token(text) == why
    assert way in way_to_a_token(text, "otherwise")


HALVES = {
    "nothing": ({}, None),
    "a managed identity's id": ({ID: "a"}, None),
    "a tenant": ({TENANT: "a"}, None),
    "no proof": ({ID: "a", TENANT: "b"}, "AZURE_CLIENT_ID and AZURE_TENANT_ID are set, AZURE_CLIENT_SECRET not"),
    "a secret alone": (
        {"AZURE_CLIENT_SECRET": "s"},
        "AZURE_CLIENT_SECRET is set, AZURE_CLIENT_ID and AZURE_TENANT_ID not",
    ),
    "no tenant": ({ID: "a", "AZURE_CLIENT_SECRET": "s"}, "are set, AZURE_TENANT_ID not"),
    "an empty tenant": ({ID: "a", TENANT: "", "AZURE_CLIENT_SECRET": "s"}, "are set, AZURE_TENANT_ID not"),
    "all of a secret": ({ID: "a", TENANT: "b", "AZURE_CLIENT_SECRET": "s"}, None),
    "all of a workload identity": ({ID: "a", TENANT: "b", "AZURE_FEDERATED_TOKEN_FILE": "f"}, None),
}


@pytest.mark.parametrize(("environ", "told"), HALVES.values(), ids=HALVES)
def test_variables_that_are_half_set_are_named_and_their_values_are_not(
    environ: dict[str, str], told: str | None
) -> None:
    found = half_set(environ)
    assert found is None if told is None else told in str(found)


def test_a_token_for_another_service_is_asked_for_anew_for_the_right_one() -> None:
    """Code InvalidAuthenticationTokenAudience."""
    said = (
        "The access token has been obtained for wrong audience or resource 'https://storage.azure.com'. It should"
        " exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.azure.com'."
    )
    assert "--resource https://management.core.windows.net/`" in way_in(said)


class Printed(NamedTuple):
    token: Any


class Credential:
    """A credential whose answer has not the form that it should have."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def get_token(self, *scopes: str, **_: object) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [Printed(None), Printed(3), None, TypeError("int"), KeyError("x")])
def test_a_credential_that_gives_no_token_is_an_error_of_credentials(answer: object) -> None:
    with pytest.raises(CredentialsError, match=r"^no: what signs in here .* no token"):
        token_for(Credential(answer), azure().token_scope, "no")


def test_the_token_is_what_is_given() -> None:
    assert token_for(Credential(Printed("t")), "s", "no") == "t"
