"""ARM over HTTP: authentication, rate limits, and which part of the cloud answers a request."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tfinfra.localcloud.arm import endpoints, entra, queries
from tfinfra.localcloud.arm.builtin_paths import builtin_response
from tfinfra.localcloud.arm.core import MAKER_HINTS, NO_HINTS, ArmResponse, Core, MakerHints
from tfinfra.localcloud.arm.fault_injection import Faults, InjectedFault
from tfinfra.localcloud.arm.listing import list_resources
from tfinfra.localcloud.arm.providers import authorization, compute
from tfinfra.localcloud.arm.rbac.directory import OWNERS
from tfinfra.localcloud.arm.scale_sets import instances, interfaces
from tfinfra.localcloud.arm.strict import acceptance, following, linked, subscriptions
from tfinfra.localcloud.arm.strict.throttle import Throttle
from tfinfra.localcloud.arm.subscription.rate_limits import CountedCall
from tfinfra.localcloud.common import bodies, ids, tokens
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, forbidden
from tfinfra.localcloud.common.state_folder import TENANT

log = logging.getLogger("tfinfra.localcloud.requests")


@dataclass
class ArmApp:
    """`hosts` are the Host headers that are answered; `admin` answers the paths below /tfinfra/ for the owner; `drop`
    closes the connection of a request without an answer; once `leaving` is set, requests are refused."""

    core: Core
    key: bytes
    hosts: Collection[str]
    faults: Faults
    admin: Callable[[str, str, Any], Awaitable[ArmResponse]]
    drop: Callable[[Scope], None]
    leaving: bool = False
    throttle: Throttle = field(default_factory=Throttle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        struck = [] if path.startswith("/tfinfra/") else self.faults.striking(request.method, path)
        try:
            answer = await self._answer(request, struck)
            headers = answer.headers
            if answer.operation is not None:
                headers = {**headers, **following.headers(f"https://{request.headers['host']}", answer.operation)}
            response = _json(answer.status, answer.body, headers)
        except ArmRefusal as error:
            response = _json(error.status, error.document(), error.headers)
        except RecursionError:
            response = _json(400, bodies.too_deep().document(), {})
        except ClientDisconnect:
            response = Response(status_code=400)  # for a client that is gone
        except Exception as error:  # the edge of the server: a fault of ours is ARM's 500, with its cause in the log
            log.exception("%s %s", request.method, path)
            refusal = ArmRefusal(500, "InternalServerError", f"{type(error).__name__}: {error}")
            response = _json(500, refusal.document(), {})
        if request.method not in ("GET", "HEAD") or response.status_code == 429 or response.status_code >= 500:
            log.info("%s %s %s", request.method, path, response.status_code)
        if any(fault.kind == "lost" for fault in struck):
            self.drop(scope)
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, struck: list[InjectedFault]) -> ArmResponse:
        for fault in struck:
            await asyncio.sleep(fault.seconds if fault.kind == "lag" else 0)
            if fault.kind == "status":
                raise fault.error()
        # a page in a browser can be made to call loopback under another name
        if request.headers.get("host", "") not in self.hosts:
            raise ArmRefusal(421, "MisdirectedRequest", "this endpoint does not serve that host")
        if self.leaving:
            raise ArmRefusal(503, "ServiceUnavailable", "the local cloud is leaving", {"Retry-After": "1"})
        path = request.url.path
        if path.lower().rstrip("/") == endpoints.PATH:
            return ArmResponse(200, endpoints.endpoints(request.headers["host"]))
        if entra.is_asked(request.method, path):
            context, form = self.core.context, (await bodies.read(request)).decode("utf-8", "replace")
            return ArmResponse(*entra.answer(self.key, context.directory, path, form, context.now()))
        claims = self._claims(request)
        oid = str(claims["oid"])
        if claims["tid"] != TENANT:
            if path.rstrip("/").lower() == "/subscriptions":  # a token of another tenant sees none of them
                return ArmResponse(200, {"value": []})
            raise tokens.wrong_tenant(str(claims["tid"]))
        if path.startswith("/tfinfra/") and oid not in OWNERS:
            raise forbidden(oid, request.method, path)
        body = await bodies.document(request)
        if path.startswith("/tfinfra/"):
            return await self.admin(request.method, path, body)
        version = next((v for k, v in request.query_params.items() if k.lower() == "api-version"), "")
        acceptance.check_version(version)
        remaining = self._count(oid, request.method, path, body)
        allowed = MAKER_HINTS if oid in OWNERS else ()  # two of them are folders of this machine
        given = {name: hint for name in allowed if (hint := request.headers.get(f"x-tfinfra-{name}"))}
        hints = {**self.core.context.maker_hints, **given}
        filter_ = request.query_params.get("$filter", "")
        answer = await self.dispatch(oid, request.method, path, version, body, hints=hints, filter_=filter_)
        return replace(answer, headers={**remaining, **answer.headers})

    def _claims(self, request: Request) -> dict[str, Any]:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            text = "Authentication failed. The 'Authorization' header is missing."
            raise tokens.refused("AuthenticationFailed", text)
        return tokens.proven_claims(self.key, token.strip(), self.core.context.now())

    def _count(self, oid: str, method: str, path: str, body: Any) -> dict[str, str]:
        """Counts the call against the rate limits; returns headers that say what remains. Raises ArmRefusal (429)."""
        context, address = self.core.context, ids.parse(path)
        found = context.state.get(address.path) or context.state.group(address.group or "")
        in_path = re.search(r"/locations/([^/]+)", address.key)
        named = in_path.group(1) if in_path else (body if isinstance(body, dict) else {}).get("location")
        location = str(named or (found.body.get("location") if found else "") or "").replace(" ", "").lower()
        exists = context.state.get(address.path) is not None
        call = CountedCall(oid, method, address.path, address.type.lower(), address.is_collection, location, exists)
        return self.throttle.take(call, context.subscription.limits, context.now())

    async def dispatch(
        self,
        oid: str,
        method: str,
        path: str,
        version: str,
        body: Any = None,
        *,
        hints: MakerHints = NO_HINTS,
        filter_: str = "",
    ) -> ArmResponse:
        """One call of ARM by the principal `oid`; the timer's calls come in here too. Raises ArmRefusal."""
        context = self.core.context
        subscriptions.check(context.subscription, method, path)
        address = ids.parse(path)
        builtin = builtin_response(self.core, method, address, filter_)
        if builtin is not None:
            if "/operationresults/" not in address.key or address.type:  # a group's end may be seen by its deleter
                authorization.authorize(context, oid, method, address)
            return builtin
        if queries.is_one(method, address):
            authorization.authorize(context, oid, method, address)
            return queries.answer(self.core, oid, method, address, filter_=filter_, body=body)
        if not address.type:
            raise ArmRefusal(404, "NotFound", f"There is nothing at '{path}'.")
        authorization.authorize(context, oid, method, address, body)
        acceptance.check_type(address.type, version)
        if method == "PUT":
            linked.check(context, oid, address, body)
        if method in ("GET", "HEAD"):
            return await self._read(method, address, filter_)
        return self._write(method, address, version, body, hints)

    async def _read(self, method: str, address: ids.Address, filter_: str) -> ArmResponse:
        type_, above = address.type.lower(), ids.parse(address.path.rpartition("/")[0])
        machines, set_machines = instances.MACHINES.lower(), instances.SET_MACHINES.lower()
        if type_ == f"{compute.SCALE_SETS.lower()}/instanceview":
            return ArmResponse(200, await instances.instance_view(self.core, above))
        if type_ in (f"{machines}/instanceview", f"{set_machines}/instanceview"):
            machine = await instances.one_machine(self.core, above)
            return ArmResponse(200, machine["properties"]["instanceView"])
        if type_ in (machines, set_machines):
            return ArmResponse(200, await self._machines(address, filter_))
        if type_ in interfaces.TYPES:
            return ArmResponse(200, interfaces.answer(self.core, address))
        if address.is_collection:
            return ArmResponse(200, list_resources(self.core, address, filter_))
        resource = self.core.get(address)
        return ArmResponse(204) if method == "HEAD" else ArmResponse(200, self.core.view(resource))

    async def _machines(self, address: ids.Address, filter_: str) -> dict[str, Any]:
        """One machine of a scale set, or a list of them."""
        if not address.is_collection:
            return await instances.one_machine(self.core, address)
        if address.type.lower() == instances.MACHINES.lower():
            return {"value": await instances.machines(self.core, address, filter_)}
        return {"value": await instances.set_machines(self.core, ids.parse(address.path.rpartition("/")[0]))}

    def _write(self, method: str, address: ids.Address, version: str, body: Any, hints: MakerHints) -> ArmResponse:
        if address.is_collection:
            raise ArmRefusal(405, "MethodNotAllowed", f"'{address.path}' takes no {method}.")
        if method == "DELETE":
            return self.core.delete(address)
        if not isinstance(body, dict):
            raise ArmRefusal(
                400, "InvalidRequestContent", "The request content was invalid: a JSON object is expected."
            )
        if method == "PUT":
            return self.core.put(address, version, body, hints)
        if method == "PATCH":
            return self.core.patch(address, body)
        raise ArmRefusal(405, "MethodNotAllowed", f"The local cloud has no {method} for '{address.type}'.")


def _json(status: int, body: Any, headers: dict[str, str]) -> Response:
    headers = {"x-ms-request-id": str(uuid.uuid4()), "Cache-Control": "no-cache", **headers}
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(json.dumps(body), status, headers, "application/json")
