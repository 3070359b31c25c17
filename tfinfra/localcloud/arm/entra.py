"""Entra ID's token endpoint as a CI system's job meets it: an assertion that the system has signed goes in, a token of
the pipeline's service principal comes out, where the assertion has not expired and is for it.

POST /<tenant>/oauth2/v2.0/token: learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
Refusals: Azure/login#180 (700024), Azure/azure-workload-identity#1200 (700211), Azure/login#482 (700213).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.arm.rbac.directory import Directory
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import AUDIENCE, TENANT

EXCHANGE = "api://AzureADTokenExchange"
"""Whom an assertion must be for."""
ISSUERS = ("https://token.actions.githubusercontent.com", "https://vstoken.dev.azure.com/organization")
SUBJECT = "the-pipeline-of-this-cloud"
_PATH = re.compile(r"/([\w.-]+)/oauth2/v2\.0/token")
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_AUDIENCES = (AUDIENCE, tokens.STORAGE, tokens.GRAPH)
_CHECK = "Please check your federated identity credential Subject, Audience and Issuer against the presented assertion."


def is_asked(method: str, path: str) -> bool:
    """Whether a request is for a token, which needs none."""
    return method == "POST" and _PATH.fullmatch(path) is not None


def answer(key: bytes, directory: Directory, path: str, form: str, now: float) -> tuple[int, dict[str, Any]]:
    """(status, document): a token for the scope that `form` asks for, else Entra's refusal. `now` are Unix seconds."""
    asked = dict(parse_qsl(form))
    found = _PATH.fullmatch(path)
    tenant = found[1] if found else ""
    refusal = _refusal(key, tenant, asked, now)
    if refusal is not None:
        return _refused(*refusal, now)
    audience = _audience(asked)
    seconds = directory.token_seconds
    claims = {
        "iss": tokens.issuer(TENANT),
        "aud": audience,
        "iat": int(now),
        "nbf": int(now) - 60,
        "exp": int(now) + seconds,
        "oid": tokens.PIPELINE_OID,
        "idtyp": "app",
        "tid": TENANT,
        "appid": tokens.PIPELINE_APPLICATION,
    }
    # Entra says a second less than a token lives: 3599
    told = {"token_type": "Bearer", "expires_in": seconds - 1, "ext_expires_in": seconds - 1}
    return 200, {**told, "access_token": tokens.signed(key, claims)}


def _audience(asked: Mapping[str, str]) -> str | None:
    resource = asked.get("scope", "").removesuffix("/.default").rstrip("/")
    return next((each for each in _AUDIENCES if each.rstrip("/") == resource), None)


def _refusal(key: bytes, tenant: str, asked: Mapping[str, str], now: float) -> tuple[int, str, int, str] | None:
    """(status, error, code, sentence)."""
    if tenant != TENANT:
        return (
            400,
            "invalid_request",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct one.",
        )
    client = asked.get("client_id", "")
    if client != tokens.PIPELINE_APPLICATION:
        why = f"Application with identifier '{client}' was not found in the directory '{TENANT}'."
        return 400, "unauthorized_client", 700016, why
    if asked.get("grant_type") != "client_credentials" or asked.get("client_assertion_type") != _BEARER:
        why = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return 401, "invalid_client", 7000218, why
    wrong = _wrong_assertion(key, asked.get("client_assertion", ""), now)
    if wrong is not None:
        return 401, "invalid_client", *wrong
    if _audience(asked) is None:
        why = f"The resource principal named {asked.get('scope')} was not found in the tenant."
        return 400, "invalid_resource", 500011, why
    return None


def _wrong_assertion(key: bytes, assertion: str, now: float) -> tuple[int, str] | None:
    """(code, sentence)."""
    claims = claims_of(assertion) if tokens.is_genuine(key, assertion) else {}
    if not claims:
        return 50027, "JWT token is invalid or malformed."
    none = "No matching federated identity record found for presented assertion"
    if claims.get("iss") not in ISSUERS:
        return 700211, f"{none} issuer '{claims.get('iss')}'. {_CHECK}"
    if claims.get("aud") != EXCHANGE:
        return 700212, f"{none} audience '{claims.get('aud')}'. {_CHECK}"
    if claims.get("sub") != SUBJECT:
        return 700213, f"{none} subject '{claims.get('sub')}'. {_CHECK}"
    begins, ends = float(claims.get("nbf", 0)), float(claims.get("exp", 0))
    if not begins <= now < ends:
        return 700024, (
            f"Client assertion is not within its valid time range. Current time: {_time(now)}, assertion valid from"
            f" {_time(begins)}, expiry time of assertion {_time(ends)}. Review the documentation at"
            " https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."
        )
    return None


def _refused(status: int, error: str, code: int, sentence: str, now: float) -> tuple[int, dict[str, Any]]:
    trace, correlation, at = str(uuid.uuid4()), str(uuid.uuid4()), f"{datetime.fromtimestamp(now, timezone.utc):%F %TZ}"
    ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
    document: dict[str, Any] = {
        "error": error,
        "error_description": f"AADSTS{code}: {sentence} {ids}",
        "error_codes": [code],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }
    return status, document


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
