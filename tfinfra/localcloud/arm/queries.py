"""What a careful caller asks before it makes anything: what is sold, what is left, what is allowed, what is there; and
what else is done to no resource of its own: registering, asking for a run, writing tags alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.core import Answer, Core
from tfinfra.localcloud.arm.providers import authorization, quota, registrations, storage, tags
from tfinfra.localcloud.arm.subscription import images, skus
from tfinfra.localcloud.arm.validation import validated
from tfinfra.localcloud.arm.workflows import logic
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_error import ArmError


@dataclass(frozen=True)
class Question:
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


def answer(core: Core, oid: str, method: str, address: ids.Address, *, filter_: str, body: Any) -> Answer:
    """The answer to one of these questions. Raises ArmError."""
    for verb, pattern, handle in _TABLE:
        found = re.fullmatch(pattern, address.key)
        if verb == method and found:
            said = handle(Question(core, oid, method, address, found.groupdict(), filter_, body))
            return said if isinstance(said, Answer) else Answer(200, said)
    raise ArmError(404, "NotFound", f"There is nothing at '{address.path}'.")


def _usages(asked: Question) -> Any:
    return {"value": quota.usages(asked.core.around, asked.names["location"])}


def _skus(asked: Question) -> Any:
    return {"value": skus.list_skus(asked.core.around.market, asked.filter_)}


def _image(asked: Question) -> Any:
    names = asked.names
    wanted = (names["publisher"], names["offer"], names["sku"], names["version"])
    return images.image(asked.core.around.market, names["location"], wanted)


def _versions(asked: Question) -> Any:
    names = asked.names
    wanted = (names["publisher"], names["offer"], names["sku"])
    return images.versions(asked.core.around.market, names["location"], wanted)


def _shared_image(asked: Question) -> Any:
    return images.shared(asked.core.around.market, asked.address.path)


def _provider(asked: Question) -> Any:
    return registrations.provider(asked.core.around, asked.names["namespace"])


def _providers(asked: Question) -> Any:
    return {"value": registrations.providers(asked.core.around)}


def _register(asked: Question) -> Any:
    return registrations.register(asked.core.around, asked.names["namespace"])


def _permissions(asked: Question) -> Any:
    return {"value": authorization.permissions(asked.core.around, asked.oid, asked.address.scope)}


def _validate(asked: Question) -> Any:
    return validated(asked.core, asked.oid, asked.address, asked.body)


def _run_trigger(asked: Question) -> Any:
    workflow, _, trigger = asked.address.path.rpartition("/")[0].rpartition("/triggers/")
    logic.ask_for_run(asked.core.around, asked.core.get(ids.parse(workflow)), trigger)
    return Answer(202)


def _tags(asked: Question) -> Any:
    """ARM writes tags into what has them, by whatever path they come."""
    owner = ids.parse(asked.address.scope)
    resource = asked.core.get(owner)
    if asked.method == "GET":
        return tags.document(resource.id, resource.tags)
    written = asked.core.patch(owner, {"tags": tags.changed(asked.method, resource.tags, asked.body)}).body
    return None if asked.method == "DELETE" else tags.document(resource.id, written["tags"])


def _account_name(asked: Question) -> Any:
    """As Microsoft.Storage answers it: a name is taken in all of Azure."""
    name = str((asked.body or {}).get("name", ""))
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        message = f"{name} is not a valid storage account name."
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": message}
    if storage.is_taken(asked.core.around, name):
        message = f"The storage account named {name} is already taken."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


_SUB = r"/subscriptions/[^/]+"
_COMPUTE = rf"{_SUB}/providers/microsoft\.compute"
_LOCATION = rf"{_COMPUTE}/locations/(?P<location>[^/]+)"
_IMAGE = (
    rf"{_LOCATION}/publishers/(?P<publisher>[^/]+)/artifacttypes/vmimage/offers/(?P<offer>[^/]+)"
    r"/skus/(?P<sku>[^/]+)/versions"
)
_TABLE: tuple[tuple[str, str, Callable[[Question], Any]], ...] = (
    ("GET", rf"{_LOCATION}/usages", _usages),
    ("GET", rf"{_COMPUTE}/skus", _skus),
    ("GET", rf"{_IMAGE}/(?P<version>[^/]+)", _image),
    ("GET", _IMAGE, _versions),
    ("GET", r".*/providers/microsoft\.compute/galleries/[^/]+/images/[^/]+(/versions/[^/]+)?", _shared_image),
    ("GET", rf"{_SUB}/providers", _providers),
    ("GET", rf"{_SUB}/providers/(?P<namespace>[^/]+)", _provider),
    ("POST", rf"{_SUB}/providers/(?P<namespace>[^/]+)/register", _register),
    ("GET", r".*/providers/microsoft\.authorization/permissions", _permissions),
    ("POST", rf"{_SUB}/providers/microsoft\.resources/deployments/[^/]+/validate", _validate),
    ("POST", rf"{_SUB}/providers/microsoft\.storage/checknameavailability", _account_name),
    *((verb, r".+/providers/microsoft\.resources/tags/default", _tags) for verb in ("GET", "PUT", "PATCH", "DELETE")),
    ("POST", r".*/providers/microsoft\.logic/workflows/[^/]+/triggers/[^/]+/run", _run_trigger),
)
