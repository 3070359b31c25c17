"""What a preflight reads (sizes, quotas, images, rights, registrations), and the other requests that name no stored
resource: registering a provider, running a trigger, writing tags alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.core import ArmResponse, Core
from tfinfra.localcloud.arm.providers import authorization, quota, registrations, storage, tags
from tfinfra.localcloud.arm.subscription import images, skus
from tfinfra.localcloud.arm.validation import validated
from tfinfra.localcloud.arm.workflows import logic
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal


@dataclass(frozen=True)
class Query:
    """One request: `oid` asks by `method`, `names` are the named parts of the path, in lower case."""

    core: Core
    oid: str
    method: str
    address: ids.Address
    names: dict[str, str]
    filter_: str
    body: Any


def is_one(method: str, address: ids.Address) -> bool:
    """Whether `answer` has an answer."""
    return any(verb == method and re.fullmatch(pattern, address.key) for verb, pattern, _ in _TABLE)


def answer(core: Core, oid: str, method: str, address: ids.Address, *, filter_: str, body: Any) -> ArmResponse:
    """The answer to one of these queries. Raises ArmRefusal."""
    for verb, pattern, handle in _TABLE:
        found = re.fullmatch(pattern, address.key)
        if verb == method and found:
            content = handle(Query(core, oid, method, address, found.groupdict(), filter_, body))
            return content if isinstance(content, ArmResponse) else ArmResponse(200, content)
    raise ArmRefusal(404, "NotFound", f"There is nothing at '{address.path}'.")


def _image(query: Query) -> Any:
    names = tuple(query.names[part] for part in ("publisher", "offer", "sku", "version"))
    return images.image(query.core.context.subscription, query.names["location"], names)


def _image_versions(query: Query) -> Any:
    names = tuple(query.names[part] for part in ("publisher", "offer", "sku"))
    return images.versions(query.core.context.subscription, query.names["location"], names)


def _run_trigger(query: Query) -> Any:
    workflow, _, trigger = query.address.path.rpartition("/")[0].rpartition("/triggers/")
    logic.ask_for_run(query.core.context, query.core.get(ids.parse(workflow)), trigger)
    return ArmResponse(202)


def _tags(query: Query) -> Any:
    """Tags that come by a path of their own are written into the resource that has them."""
    owner = ids.parse(query.address.scope)
    resource = query.core.get(owner)
    if query.method == "GET":
        return tags.document(resource.id, resource.tags)
    written = query.core.patch(owner, {"tags": tags.changed(query.method, resource.tags, query.body)}).body
    return None if query.method == "DELETE" else tags.document(resource.id, written["tags"])


def _account_name(query: Query) -> Any:
    """As Microsoft.Storage answers it: a name is taken in all of Azure."""
    name = str((query.body or {}).get("name", ""))
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        message = f"{name} is not a valid storage account name."
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": message}
    if storage.is_taken(query.core.context, name):
        message = f"The storage account named {name} is already taken."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


_SUB = r"/subscriptions/[^/]+"
_COMPUTE = rf"{_SUB}/providers/microsoft\.compute"
_LOCATION = rf"{_COMPUTE}/locations/(?P<location>[^/]+)"
_NAMESPACE = rf"{_SUB}/providers/(?P<namespace>[^/]+)"
_IMAGE = (
    rf"{_LOCATION}/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)"
    r"/skus/(?P<sku>[^/]+)/versions"
)
_TABLE: tuple[tuple[str, str, Callable[[Query], Any]], ...] = (
    ("GET", rf"{_LOCATION}/usages", lambda q: {"value": quota.usages(q.core.context, q.names["location"])}),
    ("GET", rf"{_COMPUTE}/skus", lambda q: {"value": skus.list_skus(q.core.context.subscription, q.filter_)}),
    ("GET", rf"{_IMAGE}/(?P<version>[^/]+)", _image),
    ("GET", _IMAGE, _image_versions),
    (
        "GET",
        r".*/providers/microsoft\.compute/galleries/[^/]+/images/[^/]+(/versions/[^/]+)?",
        lambda q: images.shared(q.core.context.subscription, q.address.path),
    ),
    ("GET", rf"{_SUB}/providers", lambda q: {"value": registrations.providers(q.core.context)}),
    ("GET", _NAMESPACE, lambda q: registrations.provider(q.core.context, q.names["namespace"])),
    ("POST", rf"{_NAMESPACE}/register", lambda q: registrations.register(q.core.context, q.names["namespace"])),
    (
        "GET",
        r".*/providers/microsoft\.authorization/permissions",
        lambda q: {"value": authorization.permissions(q.core.context, q.oid, q.address.scope)},
    ),
    (
        "POST",
        rf"{_SUB}/providers/microsoft\.resources/deployments/[^/]+/validate",
        lambda q: validated(q.core, q.oid, q.address, q.body),
    ),
    ("POST", rf"{_SUB}/providers/microsoft\.storage/checknameavailability", _account_name),
    *((verb, r".+/providers/microsoft\.resources/tags/default", _tags) for verb in ("GET", "PUT", "PATCH", "DELETE")),
    ("POST", r".*/providers/microsoft\.logic/workflows/[^/]+/triggers/[^/]+/run", _run_trigger),
)
