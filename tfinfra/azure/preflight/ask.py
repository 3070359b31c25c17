"""Asks ARM everything at once: each question is one request on a thread, by the client that the teardown uses too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tfinfra.arm.requests import ResourceRequest
from tfinfra.arm.template import subscription_template
from tfinfra.azure.answers import is_refusal
from tfinfra.azure.clients import COMPUTE_API, resource_client, send_json
from tfinfra.azure.identity.caller import why_refused
from tfinfra.azure.identity.refused_token import token_refused
from tfinfra.azure.preflight import free_names, registration, roles
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.azure.preflight.image import ImageAnswer, definition_of, newest
from tfinfra.azure.preflight.permissions import brought
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError
from tfinfra.model import Image, Plan, Target

THREADS = 10  # as many as the client keeps connections
SKUS_API, RESOURCES_API, NETWORK_API, STORAGE_API = "2021-07-01", "2024-11-01", "2024-05-01", "2024-01-01"
PERMISSIONS_API, LOCKS_API, GROUPS_API, GALLERY_API = "2022-04-01", "2020-05-01", "2024-03-01", "2024-03-03"
Requests = tuple[ResourceRequest, ...]


@dataclass(frozen=True)
class Answers:
    """What ARM answered. `usages` and `skus` are by location, `providers`, `groups` and `accounts` by name, `roles` by
    the definition's id. `permitted` says what the caller may do with each resource that the target brings: {its id:
    (the target's key, ARM's reply)}."""

    requests: Requests
    usages: Mapping[str, ArmReply]
    skus: Mapping[str, ArmReply]
    image: ImageAnswer
    locks: ArmReply
    permissions: ArmReply
    permitted: Mapping[str, tuple[str, ArmReply]]
    subnet: ArmReply | None
    reservations: ArmReply | None
    providers: Mapping[str, ArmReply]
    groups: Mapping[str, ArmReply]
    accounts: Mapping[str, ArmReply]
    roles: Mapping[str, ArmReply]
    validation: ArmReply

    def unanswered(self) -> dict[str, ArmReply]:
        """The questions without an answer, by what they ask for. A 404 may be an answer."""
        always = {
            **{f"the quotas in {location}": reply for location, reply in self.usages.items()},
            **{f"the sizes in {location}": reply for location, reply in self.skus.items()},
            "locks": self.locks,
            "your permissions": self.permissions,
            **{f"the provider {name}": reply for name, reply in self.providers.items()},
            **{f"the name {name}": reply for name, reply in self.accounts.items()},
        }
        perhaps = {
            "the image": self.image.itself,
            "what the image is": self.image.describes,
            **{f"your permissions on its {key}": reply for key, reply in self.permitted.values()},
            **({"the subnet": self.subnet} if self.subnet else {}),
            **({"the capacity reservations": self.reservations} if self.reservations else {}),
            **{f"the group {name}": reply for name, reply in self.groups.items()},
            **{f"the role {id_.rpartition('/')[2]}": reply for id_, reply in self.roles.items()},
        }
        validated = {} if self.validation.status in (200, 400, 403, 409) else {"Azure Policy": self.validation}
        silent = {what: reply for what, reply in always.items() if not reply.ok}
        return {**silent, **{w: r for w, r in perhaps.items() if not r.ok and r.status != 404}, **validated}


@dataclass
class Asker:
    """One conversation with ARM. Use as `with Asker(cloud) as asker`."""

    cloud: Cloud
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "preflight"))

    def __enter__(self) -> Asker:
        resource_client(self.cloud)  # made once, before several threads would each make one
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def all(self, plan: Plan, target: Target, record: Callable[[], Requests]) -> Answers:
        """Every question about the plan. `record` gives the plan's requests: it runs while ARM is asked what does not
        depend on them. Raises CredentialsError."""
        location = plan.infrastructure.location
        usages, skus = self.market((location,))
        image = self._image(location, plan.infrastructure.image)
        locks = self._get("/providers/Microsoft.Authorization/locks", LOCKS_API)
        permissions = self._permissions(self._subscription(""))
        used = brought(target, plan.infrastructure.image)
        permitted = {id_: (key, self._permissions(id_)) for id_, key in used.items()}
        subnet, reservations = self._brought(target)
        # asked already now, so that what is left needs no second turn of the threads
        providers = {n: self._provider(n) for n in registration.USUAL}
        requests = record()
        validation = self._validate(location, requests)
        named = registration.namespaces(requests)
        providers.update({n: self._provider(n) for n in named if n not in providers})
        groups, accounts, assigned = self._named(requests)
        return Answers(
            requests=requests,
            usages=_all(usages),
            skus=_all(skus),
            image=ImageAnswer(*(part.result() for part in image)),
            locks=locks.result(),
            permissions=permissions.result(),
            permitted={id_: (key, reply.result()) for id_, (key, reply) in permitted.items()},
            subnet=subnet.result() if subnet else None,
            reservations=reservations.result() if reservations else None,
            providers=_all({n: providers[n] for n in named}),
            groups=_all(groups),
            accounts=_all(accounts),
            roles=_all(assigned),
            validation=validation.result(),
        )

    def market(self, locations: Iterable[str]) -> tuple[dict[str, Future[ArmReply]], dict[str, Future[ArmReply]]]:
        """(usages, SKUs) of each location, under way."""
        each = tuple(dict.fromkeys(locations))
        base = "/providers/Microsoft.Compute"
        usages = {at: self._get(f"{base}/locations/{at}/usages", COMPUTE_API) for at in each}
        skus = {at: self._get(f"{base}/skus", SKUS_API, **{"$filter": f"location eq '{at}'"}) for at in each}
        return usages, skus

    def market_now(self, locations: Iterable[str]) -> tuple[dict[str, ArmReply], dict[str, ArmReply]]:
        """(usages, SKUs) of each location."""
        usages, skus = self.market(locations)
        return _all(usages), _all(skus)

    def _permissions(self, scope: str) -> Future[ArmReply]:
        return self._later("GET", f"{scope}/providers/Microsoft.Authorization/permissions", PERMISSIONS_API)

    def _brought(self, target: Target) -> tuple[Future[ArmReply] | None, Future[ArmReply] | None]:
        """(its subnet, its capacity reservations), None where the target brings none."""
        reserved = target.capacity_reservation_id
        return (
            self._later("GET", target.subnet_id, NETWORK_API) if target.subnet_id else None,
            self._later("GET", f"{reserved}/capacityReservations", COMPUTE_API) if reserved else None,
        )

    def _named(self, requests: Requests) -> tuple[dict[str, Future[ArmReply]], ...]:
        """(groups, storage accounts, role definitions) that the requests name."""
        check = "/providers/Microsoft.Storage/checkNameAvailability"
        return (
            {n: self._get(f"/resourceGroups/{n}", GROUPS_API) for n in free_names.named(requests, free_names.GROUP)},
            {
                name: self._post(check, STORAGE_API, {"name": name, "type": free_names.ACCOUNT})
                for name in free_names.named(requests, free_names.ACCOUNT)
            },
            {id_: self._later("GET", id_, PERMISSIONS_API) for id_ in roles.definitions(requests)},
        )

    def _provider(self, name: str) -> Future[ArmReply]:
        return self._get(f"/providers/{name}", RESOURCES_API)

    def _image(self, location: str, image: Image) -> tuple[Future[ArmReply], ...]:
        """An image by its ARM id, and what describes it; a marketplace image, which describes itself, and the versions
        that there are."""
        if image.id is not None:
            version = GALLERY_API if "/galleries/" in image.id else COMPUTE_API
            definition = definition_of(image.id)
            itself = definition if image.newest else image.id
            return self._later("GET", itself, version), self._later("GET", definition, version)
        path = (
            f"/providers/Microsoft.Compute/locations/{location}/publishers/{image.publisher}/artifacttypes/vmimage"
            f"/offers/{image.offer}/skus/{image.sku}/versions"
        )
        versions = self._get(path, COMPUTE_API)

        def describe_newest() -> ArmReply:
            """The image that a machine of version "latest" boots now: ARM takes that name for machines alone."""
            listed = versions.result()
            name = newest(listed)
            if name is None:
                return ArmReply(404, {}) if listed.ok else listed
            return _reply(self.cloud, "GET", self._subscription(f"{path}/{name}"), None, {"api-version": COMPUTE_API})

        if image.newest:
            described = self._pool.submit(describe_newest)
        else:
            described = self._get(f"{path}/{image.version}", COMPUTE_API)
        return described, described, versions

    def _validate(self, location: str, requests: Requests) -> Future[ArmReply]:
        properties = {"mode": "Incremental", "template": subscription_template(requests)}
        body = {"location": location, "properties": properties}
        name = free_names.named(requests, free_names.GROUP)[0]
        return self._post(f"/providers/Microsoft.Resources/deployments/{name}/validate", RESOURCES_API, body)

    def _get(self, path: str, version: str, **query: str) -> Future[ArmReply]:
        return self._later("GET", self._subscription(path), version, **query)

    def _post(self, path: str, version: str, body: Any) -> Future[ArmReply]:
        return self._later("POST", self._subscription(path), version, body)

    def _subscription(self, path: str) -> str:
        return f"/subscriptions/{self.cloud.subscription_id}{path}"

    def _later(self, method: str, path: str, version: str, body: Any = None, **query: str) -> Future[ArmReply]:
        return self._pool.submit(_reply, self.cloud, method, path, body, {"api-version": version, **query})


def _all(futures: Mapping[str, Future[ArmReply]]) -> dict[str, ArmReply]:
    return {name: future.result() for name, future in futures.items()}


def _reply(cloud: Cloud, method: str, path: str, body: Any, query: Mapping[str, str]) -> ArmReply:
    """ARM's answer, whatever it is. Raises CredentialsError where it does not know the caller."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        status, document = send_json(cloud, method, path, body, **query)
    except ClientAuthenticationError as error:
        raise CredentialsError(f"no token for {cloud.arm_endpoint}: {why_refused(error)}") from error
    except AzureError as error:
        return ArmReply.none(error)
    if status == 401:
        raise token_refused(cloud, document if isinstance(document, Mapping) else {})
    if status == 202:  # it has not been answered to its end
        return ArmReply(0, {"error": {"code": "NoAnswer", "message": f"{cloud.arm_endpoint} is still at it"}})
    if status < 300 and method == "GET" and is_refusal(document):
        return ArmReply(0, document)
    if status < 300 and not isinstance(document, Mapping | list):  # the versions of an image come without an envelope
        return ArmReply(0, {"error": {"code": "DecodeError", "message": "the answer is no document of ARM's"}})
    return ArmReply(status, document)
