"""The instance-metadata endpoint: who a machine is, tokens for the identity that its scale set carries, and what is
about to happen to it.

Each machine has a base path of its own that holds a secret (providers/metadata.py). The same app is served on a Unix
socket, with the same paths, for what relays a machine's 169.254.169.254 from a network without loopback to the host.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tfinfra.localcloud import tokens
from tfinfra.localcloud.events import start_requests
from tfinfra.localcloud.providers import compute, metadata, mounts
from tfinfra.localcloud.providers.base import Surroundings
from tfinfra.localcloud.state import Resource

TOKEN_SECONDS = 24 * 3600


@dataclass
class MetadataApp:
    around: Surroundings
    key: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._response(Request(scope, receive)))(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        _, machine, *rest = request.url.path.split("/")
        found = self._find(machine)
        if found is None:
            return _error(404, "not_found", "there is no such machine")
        if request.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in request.headers:
            return _error(400, "invalid_request", "Required metadata header not specified")
        if rest[:2] == ["metadata", "instance"]:
            return await self._instance(*found, rest[2:], request.query_params.get("format", "json"))
        if rest == ["metadata", "identity", "oauth2", "token"]:
            return self._token(found[0], dict(request.query_params))
        if rest == ["metadata", "scheduledevents"]:
            return await self._events(request, found[1]["vm_id"])
        return _error(404, "not_found", request.url.path)

    async def _events(self, request: Request, vm_id: str) -> Response:
        """GET tells of the machine's events, POST says that it is ready for some of them."""
        if "api-version" not in request.query_params:
            return _error(400, "invalid_request", "Required query variable 'api-version' is missing")
        if request.method == "POST":
            try:
                ids = start_requests(json.loads(await request.body()))
            except ValueError as error:
                return _error(400, "invalid_request", str(error))
            self.around.events.acknowledge(vm_id, ids, self.around.now())
            return Response()
        return JSONResponse(self.around.events.document(vm_id))

    def _find(self, machine: str) -> tuple[Resource, dict[str, str]] | None:
        for scale_set in self.around.state.of_type(compute.SCALE_SETS):
            for instance in scale_set.internal.get("instances", ()):
                if machine == f"{instance['vm_id']}.{instance['secret']}":
                    return scale_set, instance
        return None

    async def _instance(self, scale_set: Resource, instance: dict[str, str], path: list[str], form: str) -> Response:
        """The document, or the part of it that the path names, as the real endpoint gives it."""
        document: Any = metadata.instance_document(scale_set, instance)
        living = await asyncio.to_thread(compute.living, self.around, scale_set)
        for known, state in living:
            if known["name"] == instance["name"] and state.address:
                document = metadata.with_network(document, state.address, scale_set.internal["network"])
        for part in filter(None, path):
            try:
                document = document[int(part)] if isinstance(document, list) else document[part]
            except (LookupError, ValueError, TypeError):
                return _error(404, "not_found", "/".join(path))
        return PlainTextResponse(str(document)) if form == "text" else JSONResponse(document)

    def _token(self, scale_set: Resource, query: dict[str, str]) -> Response:
        identities = mounts.identities(self.around, scale_set)
        wanted = query.get("client_id") or query.get("object_id") or query.get("msi_res_id")
        chosen = [i for i in identities if wanted in (None, *_names(i))]
        if not query.get("resource"):
            return _error(400, "invalid_request", "Required query variable 'resource' is missing")
        if len(chosen) != 1:
            return _error(400, "invalid_request", "Identity not found, or several: name one by client_id")
        now = self.around.now()
        oid = str(chosen[0].properties["principalId"])
        return JSONResponse(
            {
                "access_token": tokens.mint(self.key, oid, now, TOKEN_SECONDS, tokens.audience_of(query["resource"])),
                "client_id": chosen[0].properties["clientId"],
                "expires_in": str(TOKEN_SECONDS),
                "expires_on": str(int(now) + TOKEN_SECONDS),
                "ext_expires_in": str(TOKEN_SECONDS),
                "not_before": str(int(now) - 60),
                "resource": query["resource"],
                "token_type": "Bearer",
            }
        )


def _names(identity: Resource) -> tuple[str, ...]:
    properties = identity.properties
    return str(properties["clientId"]), str(properties["principalId"]), identity.id


def _error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status)
