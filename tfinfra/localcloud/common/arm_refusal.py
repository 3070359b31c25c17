"""ARM's way to refuse: a status, a code that callers act on, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REFRESH = "If access was recently granted, please refresh your credentials."


class ArmRefusal(Exception):
    """An answer of ARM other than success. `headers` go with it (Retry-After); `more` are further members of the error
    (target, details, additionalInfo)."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})
        self.more = dict(more or {})

    def document(self) -> dict[str, Any]:
        """The body: {"error": {"code", "message"}}, as the Azure SDKs read it."""
        return {"error": {"code": self.code, "message": self.message, **self.more}}


def group_not_found(name: str) -> ArmRefusal:
    return ArmRefusal(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def resource_not_found(type_: str, name: str, group: str | None) -> ArmRefusal:
    where = f" under resource group '{group}'" if group else ""
    return ArmRefusal(404, "ResourceNotFound", f"The Resource '{type_}/{name}'{where} was not found.")


def forbidden(oid: str, action: str, scope: str) -> ArmRefusal:
    return ArmRefusal(
        403,
        "AuthorizationFailed",
        f"The client '{oid}' with object id '{oid}' does not have authorization to perform action '{action}' "
        f"over scope '{scope}' or the scope is invalid. {_REFRESH}",
    )


def condition_not_fulfilled(oid: str, action: str, scope: str) -> ArmRefusal:
    """What ARM says where a role permits the action and the condition on its assignment does not
    (microsoft/AzureTRE#4278)."""
    return ArmRefusal(
        403,
        "AuthorizationFailed",
        f"The client '{oid}' with object id '{oid}' has an authorization with ABAC condition that is not fulfilled to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. {_REFRESH}",
    )
