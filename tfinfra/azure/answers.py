"""What an exception of azure-core's says in ARM's own words, whatever the shape of the answer: azure-core itself finds
no message in a body whose keys begin with capitals."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tfinfra.arm.error_bodies import ErrorDetail, plain, read_error, says_gone
from tfinfra.arm.sign_in_advice import way_in
from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.text.wording import shortened

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_LONGEST = 600
_MOST = 2


def arm_error(error: AzureError) -> ErrorDetail | None:
    """The error in ARM's answer, None where there was no answer, or none that says anything."""
    response = getattr(error, "response", None)
    try:
        return read_error(response.text()) if response is not None else None
    except (ValueError, AttributeError, TypeError):  # a body that is no text, or was never read
        return None


def is_gone(error: AzureError) -> bool:
    """Whether ARM itself says that what was asked for does not exist."""
    return says_gone(_status(error), arm_error(error))


def passes(error: AzureError) -> bool:
    """Whether another answer may come: there was none, or one that says so (408, 429, 5xx)."""
    from azure.core.exceptions import ClientAuthenticationError

    status = _status(error)
    if status is None:
        return not isinstance(error, ClientAuthenticationError)
    return status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500


def values(document: Any) -> list[Any]:
    """The members of a list that ARM gave. Raises azure.core's DecodeError where it is no list."""
    from azure.core.exceptions import DecodeError

    found = document.get("value") if isinstance(document, Mapping) else None
    if not isinstance(found, list):
        raise DecodeError("the answer is not the list that ARM gives")
    return found


def is_refusal(document: Any) -> bool:
    """Whether a document holds an error and nothing else, whatever status it came with."""
    if not isinstance(document, Mapping) or not {"value", "id", "properties", "status"}.isdisjoint(document):
        return False
    return any(str(key).lower() == "error" and isinstance(inner, Mapping) and inner for key, inner in document.items())


def _status(error: AzureError) -> int | None:
    found: int | None = getattr(getattr(error, "response", None), "status_code", None)
    return found


def reason(error: AzureError) -> str:
    """Why, on one line: ARM's sentence, and what its details name as being in the way."""
    from azure.core.exceptions import DecodeError

    answered, status = arm_error(error), _status(error)
    if answered is None and isinstance(error, DecodeError) and status is not None:
        return _of_no_arm(error)
    if answered is None or not (answered.message or answered.code):
        if status is not None:
            return f"ARM answered with HTTP status {status} and not a word"
        text = getattr(getattr(error, "error", None), "message", None) or error.message or str(error)
        return _one_line(str(text))
    said = answered.decisive
    # an id without the subscription and the group, which are the same for all of a run
    inside = [f"{d.target.rpartition('/providers/')[2]}: {d.words}" for d in said.details if d.target and d.message]
    way = f" In the way: {'; '.join(inside[:_MOST])}" if inside else ""
    return _one_line(f"{said.message or said.words}{way}")


def failed_question(error: AzureError, what: str) -> CredentialsError | ProvisioningError:
    """The error of a question that ARM did not answer, with its status."""
    from azure.core.exceptions import ClientAuthenticationError

    message, status = f"{what}: {reason(error)}", getattr(error, "status_code", None)
    if isinstance(error, ClientAuthenticationError):
        return CredentialsError(message, hint=way_in(reason(error)))
    return ProvisioningError(message, status=status)


def _of_no_arm(error: AzureError) -> str:
    """What the sender of an answer that is no JSON says, a proxy or a network's sign-in page: ARM gives JSON."""
    try:
        said = plain(error.response.text())  # type: ignore[attr-defined]
    except (ValueError, AttributeError, TypeError):
        said = ""
    what = f": {said}" if said.isprintable() and said else ""
    return _one_line(f"the answer (HTTP status {_status(error)}) is none of ARM's; is there a proxy in between?{what}")


def _one_line(text: str) -> str:
    return shortened(" ".join(text.split()), _LONGEST)
