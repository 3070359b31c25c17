"""The instance-metadata endpoint: a machine's own document, tokens for the identity of its scale set, its scheduled
events, and a signed document that it is one of this cloud's.

Each machine has a base path of its own that holds a secret (arm/providers/instance_document.py). The same app is served
on a Unix socket, with the same paths, for the relay of a machine's 169.254.169.254 from a network without loopback to
the host.
Answers and refusals are as learn.microsoft.com/azure/virtual-machines/instance-metadata-service and, for tokens,
learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token have them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tfinfra.localcloud.arm.providers import compute, instance_document, mounts
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common import bodies, tokens
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.scheduled_events import start_requests
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import TENANT
from tfinfra.localcloud.metadata import attestation
from tfinfra.localcloud.metadata.blob_rights import tell_azurites

MOST_OF_EVENTS = 64 << 10  # bytes
TOKEN_SECONDS = 24 * 3600
# Versions of the endpoint, and those of its scheduled events, which have their own
# (learn.microsoft.com/azure/virtual-machines/linux/scheduled-events)
VERSIONS = (
    *("2017-03-01", "2017-04-02", "2017-08-01", "2017-10-01", "2017-12-01", "2018-02-01", "2018-04-02", "2018-10-01"),
    *("2019-02-01", "2019-03-11", "2019-04-30", "2019-06-01", "2019-06-04", "2019-08-01", "2019-08-15", "2019-11-01"),
    *("2020-06-01", "2020-07-15", "2020-09-01", "2020-10-01", "2020-12-01", "2021-01-01", "2021-02-01", "2021-03-01"),
    *("2021-05-01", "2021-10-01", "2021-11-01", "2021-11-15", "2021-12-13", "2023-07-01", "2023-11-15", "2025-04-07"),
)
EVENT_VERSIONS = ("2017-08-01", "2017-11-01", "2019-01-01", "2019-04-01", "2019-08-01", "2020-07-01")
_SINCE = {"identity": "2018-02-01", "attested": "2018-10-01", "instance": "2017-03-01"}
_INFO = "For more information refer to aka.ms/azureimds"
_NOT_FOUND = "Identity not found"  # Azure/aad-pod-identity#778
_SEVERAL = (
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token "
    "request"
)
_REASONS = {400: _NOT_FOUND, 410: "Resource gone", 429: "Too many requests", 500: "Internal server error"}
Instance = dict[str, str]


@dataclass
class MetadataApp:
    context: CloudContext
    key: bytes
    _refusals: dict[str, int] = field(default_factory=dict)
    """How many of a machine's first requests for a token have been refused."""
    _enabled: set[str] = field(default_factory=set)
    """The machines whose events are switched on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._response(Request(scope, receive)))(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        _, machine, *rest = request.url.path.split("/")
        sets = self.context.state.of_type(compute.SCALE_SETS)
        known = ((scale_set, i) for scale_set in sets for i in scale_set.internal.get("instances", ()))
        found = next(((scale_set, i) for scale_set, i in known if machine == f"{i['vm_id']}.{i['secret']}"), None)
        if found is None:
            return _failed("Not found", 404)
        topic = rest[1] if rest[:1] == ["metadata"] and len(rest) > 1 else ""
        if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
            return _refused(topic, "bad_request_102", "Required metadata header not specified")
        if rest == ["metadata", "versions"]:
            return JSONResponse({"apiVersions": list(VERSIONS)})
        if topic not in (*_SINCE, "scheduledevents"):
            return _failed("Not found", 404)
        if request.method != "GET" and topic != "scheduledevents":
            return _failed("Method not allowed", 405)
        return _version_problem(topic, request.query_params) or await self._answer(request, *found, rest[1:])

    async def _answer(self, request: Request, scale_set: ArmResource, instance: Instance, path: list[str]) -> Response:
        query = dict(request.query_params)
        if path[0] == "instance":
            return await self._instance(scale_set, instance, path[1:], query.get("format", "json"))
        if path == ["identity", "oauth2", "token"]:
            return self._token(scale_set, instance["vm_id"], query)
        if path == ["identity", "info"]:
            return JSONResponse({"tenantId": TENANT})
        if path == ["attested", "document"]:
            about = instance_document.instance_document(scale_set, instance)["compute"]
            document = attestation.document(about, query.get("nonce", ""), self.context.now())
            return JSONResponse(attestation.signed(document, self.context.layout.attestation.read_bytes()))
        if path == ["scheduledevents"]:
            return await self._events(request, instance["vm_id"])
        return _failed("Not found", 404)

    async def _events(self, request: Request, vm_id: str) -> Response:
        """GET lists the machine's events, POST says that it is ready for some of them. The first request switches the
        events on, which takes its time."""
        if vm_id not in self._enabled:
            self._enabled.add(vm_id)
            await asyncio.sleep(self.context.first_answers.events_seconds)
        if request.method == "POST":
            try:
                ids = start_requests(await bodies.document(request, MOST_OF_EVENTS))
            except ValueError as error:
                return _failed(f"Bad request. {error}", 400)
            except ArmRefusal as error:
                return _failed(f"Bad request. {error.message}", error.status)
            self.context.events.acknowledge(vm_id, ids, self.context.now())
            return Response()
        return JSONResponse(self.context.events.document(vm_id))

    async def _instance(self, scale_set: ArmResource, instance: Instance, path: list[str], form: str) -> Response:
        """The document, or the part of it that the path names; a leaf is text, and needs format=text."""
        document: Any = instance_document.instance_document(scale_set, instance)
        living = await asyncio.to_thread(compute.living, self.context, scale_set)
        for known, state in living:
            if known["name"] == instance["name"] and state.address:
                network = scale_set.internal["network"]
                document = instance_document.with_network(document, state.address, network, instance["vm_id"])
        for part in filter(None, path):
            try:
                document = document[int(part)] if isinstance(document, list) else document[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return _failed("Not found", 404)
        if form == "text":
            return PlainTextResponse("\n".join(instance_document.listing(document)))
        if not isinstance(document, (dict, list)):
            return _failed(f"Bad request. format=text is needed for this element. {_INFO}", 400)
        return JSONResponse(document)

    def _token(self, scale_set: ArmResource, vm_id: str, query: dict[str, str]) -> Response:
        """A token of the identity that is asked for. The first answers are those of an endpoint that does not know yet
        which identities the machine has."""
        refusals, statuses = self._refusals.get(vm_id, 0), self.context.first_answers.token_statuses
        if refusals < len(statuses):
            self._refusals[vm_id] = refusals + 1
            status = statuses[refusals]
            body = {"error": "invalid_request", "error_description": _REASONS.get(status, "Service unavailable")}
            return JSONResponse(body, status, {"Retry-After": "1"} if status == 429 else {})
        wanted = query.get("client_id") or query.get("object_id") or query.get("msi_res_id") or query.get("mi_res_id")
        chosen = []
        for identity in mounts.identities(self.context, scale_set):
            names = (identity.properties["clientId"], identity.properties["principalId"], identity.id)
            if wanted is None or wanted.lower() in (str(name).lower() for name in names):
                chosen.append(identity)
        if not query.get("resource"):
            return _refused("identity", "invalid_request", "Required query variable 'resource' is missing")
        if len(chosen) != 1:
            return _refused("identity", "invalid_request", _SEVERAL if len(chosen) > 1 else _NOT_FOUND)
        now = self.context.now()
        oid, audience = str(chosen[0].properties["principalId"]), tokens.audience_of(query["resource"])
        if audience == tokens.STORAGE:
            tell_azurites(self.context, oid)
        return JSONResponse(
            {
                "access_token": tokens.mint(self.key, oid, now, TOKEN_SECONDS, audience),
                "client_id": chosen[0].properties["clientId"],
                "expires_in": str(TOKEN_SECONDS),
                "expires_on": str(int(now) + TOKEN_SECONDS),
                "ext_expires_in": str(TOKEN_SECONDS),
                "not_before": str(int(now) - 60),
                "resource": query["resource"],
                "token_type": "Bearer",
            }
        )


def _version_problem(topic: str, query: Mapping[str, str]) -> Response | None:
    """The refusal of a request without a version, or of one that the topic does not have; None where it has."""
    known = EVENT_VERSIONS if topic == "scheduledevents" else tuple(v for v in VERSIONS if v >= _SINCE[topic])
    version = query.get("api-version")
    if version in known:
        return None
    if topic == "identity":
        what = "is missing" if version is None else "is invalid"
        return _refused(topic, "invalid_request", f"Required query variable 'api-version' {what}")
    what = "was not specified" if version is None else "is invalid or was not specified"
    newest = sorted(known, reverse=True)[:3]
    return _failed(f"Bad request. api-version {what} in the request. {_INFO}", 400, newest)


def _refused(topic: str, code: str, description: str) -> Response:
    """400, in the two notations that the endpoint has: tokens are refused as OAuth does."""
    if topic != "identity":
        return _failed(f"Bad request. {description}", 400)
    return JSONResponse({"error": code, "error_description": description}, 400)


def _failed(message: str, status: int, newest: list[str] | None = None) -> Response:
    return JSONResponse({"error": message, **({"newest-versions": newest} if newest else {})}, status)
