"""ARM's refusals as values: its services write an error in several shapes, and each is read here, for the clients that
see the body and for the engine, which sees the provider's text of it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

# Codes that say only that something inside failed; what failed is in their details
# (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors; Azure/azure-cli#21156)
_WRAPPERS = frozenset(
    name.lower()
    for name in (
        *("InvalidTemplateDeployment", "DeploymentFailed", "ResourceDeploymentFailure", "ResourceOperationFailure"),
        *("PreflightValidationCheckFailed", "MultipleErrorsOccurred", "Canceled"),
    )
)
_DEPTH = 8


@dataclass(frozen=True)
class ErrorDetail:
    """One error of ARM's. `code` is None where the answer has none; `target` is what it is about, an ARM id or a name;
    `details` are the errors inside it."""

    code: str | None
    message: str
    target: str | None = None
    details: tuple[ErrorDetail, ...] = ()

    @property
    def decisive(self) -> ErrorDetail:
        """The error that says what is wrong: the first inside, where this one only wraps it."""
        wraps = self.code is None or self.code.lower() in _WRAPPERS
        inside = [detail for detail in self.details if detail.code or detail.message]
        return inside[0].decisive if wraps and inside else self

    @property
    def words(self) -> str:
        """ "Code: message" on one line."""
        message = " ".join(self.message.split())
        return f"{self.code}: {message}" if self.code and message else self.code or message


def read_error(body: Any) -> ErrorDetail | None:
    """The error of an answer's body (a document, or its text), None where it holds none.

    Read are ARM's own envelope in any case of its keys (`{"Error": {"Code": …}}` ends a group's deletion that failed,
    MicrosoftDocs/azure-docs#52282), OData's, an error without an envelope, a finished operation's, a message that is
    JSON itself, a resource whose provisioning failed, and Entra's `{"error", "error_description"}`.
    """
    return _read(body, 0)


def says_gone(status: int | None, said: ErrorDetail | None) -> bool:
    """Whether an answer of ARM's means that what was asked for does not exist. A 404 also comes where the caller does
    not see the subscription (SubscriptionNotFound, Azure/autorest-clientruntime-for-java#511), and, without ARM's
    words, from a proxy: neither is a reason to believe that nothing is billed any more."""
    code = (said.decisive.code or "").lower() if said else ""
    return status == HTTPStatus.NOT_FOUND and code != "" and "subscription" not in code


def _read(body: Any, depth: int) -> ErrorDetail | None:
    if isinstance(body, (str, bytes)):
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        try:
            body = json.JSONDecoder().raw_decode(text.strip().lstrip("\ufeff"))[0]
        except ValueError:
            return _torn(text)
    if not isinstance(body, Mapping) or depth > _DEPTH:
        return None
    fields = _lowered(body)
    inner = fields.get("error", fields.get("odata.error"))
    if isinstance(inner, Mapping):
        return _error(_lowered(inner), depth)
    if isinstance(inner, str):
        return _read(inner, depth + 1) or ErrorDetail(inner, _text(fields.get("error_description")))
    if fields.get("code") or fields.get("message"):
        return _error(fields, depth)
    return _ended(fields)


def _error(fields: Mapping[str, Any], depth: int) -> ErrorDetail:
    code, message, target = fields.get("code"), _text(fields.get("message")), fields.get("target")
    known = None if code in (None, "") else str(code)
    named = str(target) if target else None
    nested = _read(message, depth + 1) if message.lstrip().startswith("{") else None
    if nested is not None:  # the outer code is then the HTTP status in words (Conflict, BadRequest), or none
        return replace(nested, target=named or nested.target)
    found = fields.get("details")
    inside = [*(found if isinstance(found, list) else ()), fields.get("innererror")]
    details = [_error(_lowered(one), depth + 1) for one in inside if isinstance(one, Mapping) and depth < _DEPTH]
    return ErrorDetail(known, message, named, tuple(d for d in details if d.code or d.message))


def _ended(fields: Mapping[str, Any]) -> ErrorDetail | None:
    """What a resource or an operation says that has ended badly, without an error of its own."""
    properties = fields.get("properties")
    own = _lowered(properties) if isinstance(properties, Mapping) else {}
    if isinstance(own.get("error"), Mapping):
        return _error(_lowered(own["error"]), 1)
    state = str(own.get("provisioningstate") or fields.get("status") or "")
    if state.lower() not in ("failed", "canceled"):
        return None
    name = str(fields.get("id") or fields.get("name") or "it")
    return ErrorDetail(f"Provisioning{state.capitalize()}", f"{name} ended in the state {state}")


def _lowered(body: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in body.items()}


def _text(message: Any) -> str:
    """A message, which OData wraps once more: {"lang", "value"}."""
    found = _lowered(message).get("value") if isinstance(message, Mapping) else message
    return "" if found is None else str(found).strip()


_TORN = re.compile(r'"code"\s*:\s*"(?P<code>\w+)"\s*,\s*"message"\s*:\s*"(?P<said>(?:[^"\\]|\\.)*)', re.IGNORECASE)


def _torn(text: str) -> ErrorDetail | None:
    """The innermost error that a document begins with whose end was cut off."""
    found = list(_TORN.finditer(text)) if text.lstrip().startswith("{") else []
    return ErrorDetail(found[-1]["code"], found[-1]["said"]) if found else None


def plain(body: str) -> str:
    """The text of a body; of a page its title or first heading, which is all that it says."""
    if not re.match(r"\s*<", body):
        return body
    title = re.search(r"<(title|h1|h2)[^>]*>(.+?)</\1>", body, re.IGNORECASE | re.DOTALL)
    text = title[2] if title else body
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


_ACTION = r"perform action(?:\(s\))? '([^']+)'"
_LACKS = re.compile(rf"(?:does not|not) have (?:authorization|permission)s? to {_ACTION}", re.IGNORECASE)
_HAS = re.compile(rf"has permission to {_ACTION}", re.IGNORECASE)
_LACKS_NOWHERE = re.compile(r"on the '0' linked scope\(s\)")
_NAMED = re.compile(rf"to {_ACTION}", re.IGNORECASE)


def missing_actions(message: str) -> tuple[str, ...]:
    """The actions that ARM's words say the caller may not do, each once: a template's answer names one for each of its
    resources. Of an answer that names two for one, it is the one that is missing (the other is what it was needed for,
    as LinkedAuthorizationFailed tells). Where the caller has the action that is named, something else is in its way
    (another tenant's subscription, Azure/azure-cli#27299; a deny assignment, also where ARM says that the action is
    missing on none of the scopes, Azure/ARO-RP#423): ()."""
    if _LACKS_NOWHERE.search(message):
        return ()
    lacking = _LACKS.findall(message)
    named = lacking or ([] if _HAS.search(message) else _NAMED.findall(message)[:1])
    return tuple(dict.fromkeys(named))
