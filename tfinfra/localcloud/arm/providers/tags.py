"""Tags by themselves, at the scope of what has them: who may write tags need not be able to write what they are on
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
    """The tags after a PUT (all of them anew), a PATCH or a DELETE (none). Names differ by more than their case, and
    keep the case that they came in. Raises ArmRefusal (400) for what is no such request."""
    if method == "DELETE":
        return {}
    content = body if isinstance(body, dict) else {}
    operation = "Replace" if method == "PUT" else str(content.get("operation"))
    given = (content.get("properties") or {}).get("tags")
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ArmRefusal(400, "InvalidRequestContent", "The request content was invalid: properties.tags is missing.")
    if operation.lower() not in _OPERATIONS:
        known = ", ".join(("Replace", "Merge", "Delete"))
        raise ArmRefusal(400, "InvalidRequestContent", f"'{operation}' is none of the operations {known}.")
    return _OPERATIONS[operation.lower()](before, given)


def _replaced(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    del before
    return dict(given)


def _merged(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    new = {name.lower() for name in given}
    return {**{name: value for name, value in before.items() if name.lower() not in new}, **given}


def _without(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Those that are given go: by their name alone where no value is said, else only with that value."""
    gone = {name.lower(): value for name, value in given.items()}
    return {name: value for name, value in before.items() if gone.get(name.lower()) not in ("", value)}


_OPERATIONS = {"replace": _replaced, "merge": _merged, "delete": _without}


def check_count(body: Mapping[str, Any]) -> None:
    """Raises ArmRefusal (400) for more tags than ARM keeps (the same page, #limitations; the code and the words are
    ours)."""
    count = len(body.get("tags") or {})
    if count > MOST:
        message = f"A resource or a resource group has at most {MOST} tags, and these are {count}."
        raise ArmRefusal(400, "TooManyTags", message)
