"""Tags by themselves, at the scope of what has them: a right to write tags is less than one to write what has them
(learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#required-access)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.localcloud.common.arm_refusal import ArmRefusal

MOST = 50


def document(scope: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """The tags of `scope` (an id) as a resource."""
    path = f"{scope}/providers/Microsoft.Resources/tags/default"
    return {"id": path, "name": "default", "type": "Microsoft.Resources/tags", "properties": {"tags": dict(tags)}}


def changed(method: str, before: Mapping[str, str], body: Any) -> dict[str, str]:
    """The tags after a PUT (all of them anew), a PATCH or a DELETE (none). Names are compared without
    case, and keep the case that they came in. Raises ArmRefusal (400) for any other request."""
    if method == "DELETE":
        return {}
    content = body if isinstance(body, dict) else {}
    operation = "Replace" if method == "PUT" else str(content.get("operation"))
    properties = content.get("properties")
    given = properties.get("tags") if isinstance(properties, dict) else None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ArmRefusal(400, "InvalidRequestContent", "The request content was invalid: properties.tags is missing.")
    if operation.lower() == "replace":
        return dict(given)
    named = {name.lower(): value for name, value in given.items()}
    if operation.lower() == "merge":
        return {**{name: value for name, value in before.items() if name.lower() not in named}, **given}
    if operation.lower() == "delete":  # by the name alone where no value is given, else only with that value
        return {name: value for name, value in before.items() if named.get(name.lower()) not in ("", value)}
    raise ArmRefusal(400, "InvalidRequestContent", f"'{operation}' is none of the operations Replace, Merge, Delete.")


def check_count(body: Mapping[str, Any]) -> None:
    """Raises ArmRefusal (400) for more tags than ARM keeps (the same page, #limitations; the code and the words are
    ours)."""
    count = len(body.get("tags") or {})
    if count > MOST:
        message = f"A resource or a resource group has at most {MOST} tags, and these are {count}."
        raise ArmRefusal(400, "TooManyTags", message)
