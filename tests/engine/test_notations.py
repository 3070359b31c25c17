"""Every sentence in which azure-native gives an error of Azure's."""

from __future__ import annotations

import pytest

from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.refusals.failures import provisioning_error
from tfinfra.engine.refusals.notations import read_answer
from tfinfra.errors import CredentialsError

_RULE = "-" * 80
_BODY = '{"error": {"code": "AuthorizationFailed", "message": "The client may not."}}'
_ENTRA = (
    '{\n "error": "invalid_client",\n "error_description": "AADSTS7000215: Invalid client secret provided. Ensure the '
    'secret being sent is the value. Trace ID: 1"\n}'
)


def _long(status: str, body: str, code: str | None = None, call: str = "POST https://management.azure.com/s") -> str:
    """As azcore writes it (response_error.go, ResponseError.Error)."""
    coded = f"ERROR CODE: {code}" if code else "ERROR CODE UNAVAILABLE"
    return f"{call}\n{_RULE}\nRESPONSE {status}\n{coded}\n{_RULE}\n{body}\n{_RULE}\n"


def _azidentity(status: str) -> str:
    call = "POST https://login.microsoftonline.com/t/oauth2/v2.0/token"
    head = f"ClientSecretCredential authentication failed. \n{call}\n{_RULE}\nRESPONSE {status}\n{_RULE}\n{_ENTRA}\n"
    return f"{head}{_RULE}\nTo troubleshoot, visit https://aka.ms/azsdk/go/identity/troubleshoot#client-secret"


ANSWERS: dict[str, tuple[str, tuple[int, str | None, str]]] = {
    "status, code and message": (
        'Status=409 Code="AllocationFailed" Message="No capacity for "D8"."',
        (409, "AllocationFailed", 'No capacity for "D8".'),
    ),
    "without a code": ('Status=502 Message="bad"', (502, None, "bad")),
    "after a write that was begun, counted": (
        '1 error occurred:\n\t* Status=200 Code="AllocationFailed" Message="No capacity."\n\n',
        (200, "AllocationFailed", "No capacity."),
    ),
    "the last of two is the cause": (
        'resource created but read failed Status=404 Code="ResourceNotFound" Message="\'x\' was not found."'
        ': Status=200 Code="AllocationFailed" Message="No capacity."',
        (200, "AllocationFailed", "No capacity."),
    ),
    "the last of two notations is the cause": (
        f"resource created but read failed {_long('502: 502 Bad Gateway', 'bad')}"
        ': Status=200 Code="AllocationFailed" Message="No capacity."',
        (200, "AllocationFailed", "No capacity."),
    ),
    "a whole body as the message, with capital keys": (
        'Status=409 Message="{"Error":{"Code":"ResourceGroupDeletionBlocked","Message":"Deletion failed."}}"',
        (409, "ResourceGroupDeletionBlocked", "Deletion failed."),
    ),
    "a whole body without an envelope": (
        'Status=400 Code="BadParameter" Message="{"code":"BadParameter","message":"Not so."}"',
        (400, "BadParameter", "Not so."),
    ),
    "a resource that ended badly, as the message": (
        'Status=200 Message="{"id":"/s/x","properties":{"provisioningState":"Failed"}}"',
        (200, "ProvisioningFailed", "/s/x ended in the state Failed"),
    ),
    "a body of JSON in the message of another": (
        'Status=409 Code="Conflict" Message="{"error":{"code":"SkuNotAvailable","message":"Not there."}}"',
        (409, "SkuNotAvailable", "Not there."),
    ),
    "an operation that failed, as autorest wrote it": (
        'Code="ReferencedResourceNotProvisioned" Message="Cannot proceed." Details=[{"code":"x"}]',
        (200, "ReferencedResourceNotProvisioned", "Cannot proceed."),
    ),
    "autorest's quotation marks in a message": (
        r'Status=400 Code="BadRequest" Message="The value \"D8\" is invalid."',
        (400, "BadRequest", 'The value "D8" is invalid.'),
    ),
    "a body in a body in a body, each quoted": (
        r'Code="DeploymentFailed" Message="{\"error\":{\"code\":\"Conflict\",\"message\":'
        r'\"{\\\"error\\\":{\\\"code\\\":\\\"AllocationFailed\\\",\\\"message\\\":\\\"No capacity.\\\"}}\"}}"',
        (200, "AllocationFailed", "No capacity."),
    ),
    "what failed inside stands in autorest's details": (
        'Code="ResourceDeploymentFailure" Message="It reached the terminal state \'Failed\'." '
        'Details=[{"code":"ZonalAllocationFailed","message":"No capacity."}]',
        (200, "ZonalAllocationFailed", "No capacity."),
    ),
    "details that were cut off": (
        'Code="AllocationFailed" Message="No capacity." Details=[{"code":"ZonalAlloc',
        (200, "AllocationFailed", "No capacity."),
    ),
    "a look that failed after the write that failed is not the cause": (
        'Code="AllocationFailed" Message="No capacity."\n\t* resource partially created but read failed '
        'Status=404 Code="ResourceNotFound" Message="\'x\' was not found."',
        (200, "AllocationFailed", "No capacity."),
    ),
    "a document that was cut off": (
        "cannot check existence of resource '/s/x': status code 403, "
        '{"error":{"code":"AuthorizationFailed","message":"The client \'c\' does no',
        (403, "AuthorizationFailed", "The client 'c' does no"),
    ),
    "an answer in another language, as OData writes it": (
        r'Status=409 Message="{\"odata.error\":{\"code\":\"Conflict\",'
        r'\"message\":{\"lang\":\"ja\",\"value\":\"進行中\"}}}"',
        (409, "Conflict", "進行中"),
    ),
    "a refusal, as autorest wrote it": (
        'network#Create: Failure: StatusCode=409 -- Original Error: Code="SkuNotAvailable" Message="No."',
        (409, "SkuNotAvailable", "No."),
    ),
    "autorest's attributes behind the message": (
        'autorest/azure: Service returned an error. Status=404 Code="NotFound" Message="Gone." Target="resource"',
        (404, "NotFound", "Gone."),
    ),
    "the look before a create, refused": (
        f"cannot check existence of resource '/s/x': status code 403, {_BODY}",
        (403, "AuthorizationFailed", "The client may not."),
    ),
    "the look before a create, throttled": (
        "1 error occurred:\n\t* cannot check existence of resource '/s/x': status code 429, "
        '{"error":{"code":"TooManyRequests","message":"Slowly."}}\n\n',
        (429, "TooManyRequests", "Slowly."),
    ),
    "the look before a create, without a body": (
        "cannot check existence of resource '/s/x': status code 403, ",
        (403, None, "HTTP status 403"),
    ),
    "the look before a create found it": (
        "cannot create already existing resource '/s/x'",
        (200, "CannotCreateAlreadyExisting", "/s/x is there already"),
    ),
    "the look before a create found a part of another": (
        "cannot create already existing subresource '/s/x/y'",
        (200, "CannotCreateAlreadyExisting", "/s/x/y is there already"),
    ),
    "the look of a custom resource found it": (
        'cannot create already existing resource "/s/x"',
        (200, "CannotCreateAlreadyExisting", "/s/x is there already"),
    ),
    "an answer that is no JSON": (
        "unexpected response from Azure: '<html><h1>Service Unavailable</h1></html>', HTTP status: 503 Service "
        "Unavailable",
        (503, None, "Service Unavailable"),
    ),
    "an answer that is empty": (
        "unexpected response from Azure: '', HTTP status: 502 Bad Gateway",
        (502, None, "502 Bad Gateway"),
    ),
    "azcore's own, over several lines": (
        _long("403: 403 Forbidden", _BODY, "AuthorizationFailed"),
        (403, "AuthorizationFailed", "The client may not."),
    ),
    "azcore's own, on one line": (
        " ".join(_long("403: 403 Forbidden", _BODY, "AuthorizationFailed").split("\n")),
        (403, "AuthorizationFailed", "The client may not."),
    ),
    "azcore's own, of a proxy's page": (
        _long("502: 502 Bad Gateway", "<html><head><title>Bad &amp; Gateway</title></head><body>…</body></html>"),
        (502, None, "Bad & Gateway"),
    ),
    "azcore's own, without a body": (
        _long("502: 502 Bad Gateway", "Response contained no body"),
        (502, None, "502 Bad Gateway"),
    ),
    "ARM hung up": (
        'Put "https://management.azure.com/s?api-version=1": EOF',
        (0, None, "management.azure.com did not answer: EOF"),
    ),
    "ARM hung up, in one word": ("EOF", (0, None, "ARM did not answer: EOF")),
    "a name that is not resolved": (
        'Get "https://management.azure.com/x": dial tcp: lookup management.azure.com: no such host',
        (0, None, "management.azure.com did not answer: dial tcp: lookup management.azure.com: no such host"),
    ),
    "a proxy that reads along": (
        'Get "https://management.azure.com/x": tls: failed to verify certificate: x509: unknown authority',
        (
            0,
            "CertificateNotTrusted",
            "the certificate of management.azure.com is not trusted here: "
            "tls: failed to verify certificate: x509: unknown authority",
        ),
    ),
    "a write that the provider waited for in vain": (
        "operation timed out",
        (200, "OperationTimedOut", "ARM had not finished in time: operation timed out"),
    ),
    "the stack's own program, to which nothing was told": (
        "Azure has not told the principal of 'nodes', though it is made: it could not be read just after it was "
        "written. Begin again: what is there is read anew",
        (
            200,
            "OutputNotRead",
            "Azure has not told the principal of 'nodes', though it is made: it could not be read just after it was "
            "written",
        ),
    ),
    "the local plugin, whose cloud is away": (
        'Status=0 Code="EndpointUnreachable" Message="https://127.0.0.1:1: refused"',
        (0, "EndpointUnreachable", "https://127.0.0.1:1: refused"),
    ),
}


@pytest.mark.parametrize(("text", "answer"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer(text: str, answer: tuple[int, str | None, str]) -> None:
    found = read_answer(text)
    assert found is not None
    assert (found.status, found.code, found.said) == answer
    assert not found.of_credentials


SIGN_INS: dict[str, tuple[str, str]] = {
    "Entra's answer, by azidentity": (
        _azidentity("401: 401 Unauthorized"),
        "AADSTS7000215: Invalid client secret provided.",
    ),
    "Entra's answer, by an older azidentity": (
        _azidentity("401 Unauthorized"),
        "AADSTS7000215: Invalid client secret provided.",
    ),
    "the Azure CLI's, by azidentity": (
        "AzureCLICredential: ERROR: AADSTS70043: The refresh token has expired. The token was issued on 2026.",
        "AADSTS70043: The refresh token has expired.",
    ),
    "no Azure CLI": (
        "AzureCLICredential: Azure CLI not found on path",
        "AzureCLICredential: Azure CLI not found on path",
    ),
    "no credential at all": (
        "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tEnvironmentCredential: missing",
        "DefaultAzureCredential: failed to acquire a token.",
    ),
    "a credential that is not whole": (
        "A Tenant ID must be configured when authenticating as a Service Principal using a Client Secret.",
        "A Tenant ID must be configured when authenticating as a Service Principal using a Client Secret.",
    ),
    "ARM does not take the token": (
        'Status=401 Code="ExpiredAuthenticationToken" Message="The access token has expired."',
        "ExpiredAuthenticationToken: The access token has expired.",
    ),
}


@pytest.mark.parametrize(("text", "words"), SIGN_INS.values(), ids=SIGN_INS.keys())
def test_a_sign_in_that_failed(text: str, words: str) -> None:
    error = provisioning_error(
        "keep", None, [UpdateEvent("error", "azure-native:storage:StorageAccount", "a", text)], None
    )
    assert isinstance(error, CredentialsError)
    assert error.message == f"StorageAccount 'a': {words}"
    assert "`az " in str(error.hint)


def test_entra_out_of_breath_is_no_fault_of_the_credential() -> None:
    found = read_answer(_azidentity("503: 503 Service Unavailable"))
    assert found is not None
    assert not found.of_credentials


OTHERS = {
    "cut off by another's failure": "context canceled",
    "a fault of the program": "KeyError: 'x'",
    "words that only look like it": 'the message is "Code" and its Status=good',
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_answer(text: str) -> None:
    assert read_answer(text) is None
