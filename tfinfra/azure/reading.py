"""What ARM has at a path now, whatever it answers: for whoever holds a whole run against it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from tfinfra.arm.requests import ArmAnswer
from tfinfra.azure.answers import reason
from tfinfra.azure.clients import get_json, get_once
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError


def read(cloud: Cloud, path: str, version: str, query: Mapping[str, str], *, patient: bool = True) -> ArmAnswer:
    """ARM's answer to a GET, all pages of a list together. Who is `patient` waits where ARM throttles. Raises
    CredentialsError where it does not know the caller."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    from tfinfra.azure.identity.caller import why_refused

    get = get_json if patient else get_once
    try:
        return ArmAnswer(200, get(cloud, path, **{"api-version": version, **query}))
    except ClientAuthenticationError as error:
        if error.status_code == 401:
            raise token_refused(cloud, error) from error
        raise CredentialsError(f"no token for {cloud.arm_endpoint}: {why_refused(error)}") from error
    except AzureError as error:
        status = getattr(error, "status_code", None) or 0
        if status >= HTTPStatus.BAD_REQUEST and isinstance(error, HttpResponseError):
            return ArmAnswer(status, _document(error))
        return ArmAnswer(0, {"error": {"code": "NoAnswer", "message": reason(error)}})


def _document(error: object) -> object:
    """The body of a refusal: its text, where it is no JSON."""
    response = getattr(error, "response", None)
    try:
        return response.json() if response is not None else None
    except ValueError:
        return {"error": {"message": str(response.text())[:200]}} if response is not None else None
