"""ARM over HTTP: who asks, for what, and which part of the cloud answers."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tfinfra.localcloud import ids, instances, questions, tokens
from tfinfra.localcloud.arm_error import ArmError, forbidden
from tfinfra.localcloud.core import NONE, Answer, Core, Wishes
from tfinfra.localcloud.faults import Fault, Faults
from tfinfra.localcloud.listing import list_resources
from tfinfra.localcloud.providers import authorization, compute
from tfinfra.localcloud.rbac.directory import OWNERS
from tfinfra.localcloud.specials import special_answer

WISHES = ("machines", "blobs")
log = logging.getLogger("tfinfra.localcloud.requests")


@dataclass
class ArmApp:
    """`hosts` are the Host headers that are answered; `admin` answers the paths below /tfinfra/ for the owner; `drop`
    closes the connection of a request without an answer; once `leaving` is set, nothing is taken any more."""

    core: Core
    key: bytes
    hosts: Collection[str]
    faults: Faults
    admin: Callable[[str, str, Any], Awaitable[Answer]]
    drop: Callable[[Scope], None]
    leaving: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        path = request.url.path
        struck = [] if path.startswith("/tfinfra/") else self.faults.striking(request.method, path)
        response = await self._response(request, body, struck)
        if request.method not in ("GET", "HEAD") or response.status_code >= 500:
            log.info("%s %s %s", request.method, path, response.status_code)
        if any(fault.kind == "lost" for fault in struck):
            self.drop(scope)
            return
        await response(scope, receive, send)

    async def _response(self, request: Request, body: bytes, struck: list[Fault]) -> Response:
        try:
            await _suffer(struck)
            answer = await self._answer(request, _document(body))
        except ArmError as error:
            return _json(error.status, error.document(), error.headers)
        except Exception as error:  # the edge of the server: a fault of ours is ARM's 500, with its cause in the log
            log.exception("%s %s", request.method, request.url.path)
            return _json(500, ArmError(500, "InternalServerError", f"{type(error).__name__}: {error}").document(), {})
        return _json(answer.status, answer.body, {**answer.headers, **self._operation_headers(request, answer)})

    async def _answer(self, request: Request, body: Any) -> Answer:
        self._check_host(request)
        if self.leaving:
            raise ArmError(503, "ServiceUnavailable", "the local cloud is leaving", {"Retry-After": "1"})
        oid = self._principal(request)
        path = request.url.path
        if path.startswith("/tfinfra/"):
            if oid not in OWNERS:
                raise forbidden(oid, request.method, path)
            return await self.admin(request.method, path, body)
        version = next((v for k, v in request.query_params.items() if k.lower() == "api-version"), "")
        if not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise ArmError(400, "MissingApiVersionParameter", message)
        wishes = {name: wish for name in WISHES if (wish := request.headers.get(f"x-tfinfra-{name}"))}
        filter_ = request.query_params.get("$filter", "")
        return await self.dispatch(oid, request.method, path, version, body, wishes=wishes, filter_=filter_)

    async def dispatch(
        self,
        oid: str,
        method: str,
        path: str,
        version: str,
        body: Any = None,
        *,
        wishes: Wishes = NONE,
        filter_: str = "",
    ) -> Answer:
        """One call of ARM by the principal `oid`; the timer's calls come in here too. Raises ArmError."""
        address = ids.parse(path)
        special = special_answer(self.core, method, address, filter_)
        if special is None and questions.is_one(method, address):
            self._authorize(oid, method, address)
            return questions.answer(self.core, oid, method, address, filter_=filter_, body=body)
        if special is not None:
            if "/operation" not in address.key:  # whoever was told of an operation may look how it stands
                self._authorize(oid, method, address)
            return special
        if not address.type:
            raise ArmError(404, "NotFound", f"There is nothing at '{path}'.")
        self._authorize(oid, method, address, body)
        if method in ("GET", "HEAD"):
            return await self._read(method, address, filter_)
        return self._write(method, address, version, body, wishes)

    async def _read(self, method: str, address: ids.Address, filter_: str) -> Answer:
        own = {instances.MACHINES.lower(), instances.SET_MACHINES.lower()}
        type_ = address.type.lower()
        if type_ == f"{compute.SCALE_SETS.lower()}/instanceview":
            return Answer(200, await instances.instance_view(self.core, ids.parse(address.path.rpartition("/")[0])))
        if any(type_ == f"{name}/instanceview" for name in own):
            machine = await instances.one_machine(self.core, ids.parse(address.path.rpartition("/")[0]))
            return Answer(200, machine["properties"]["instanceView"])
        if type_ in own and address.is_collection:
            return Answer(200, {"value": await self._machines(address, filter_)})
        if type_ in own:
            return Answer(200, await instances.one_machine(self.core, address))
        if address.is_collection:
            return Answer(200, list_resources(self.core, address, filter_))
        resource = self.core.get(address)
        return Answer(204) if method == "HEAD" else Answer(200, self.core.view(resource))

    async def _machines(self, address: ids.Address, filter_: str) -> list[dict[str, Any]]:
        if address.type.lower() == instances.MACHINES.lower():
            return await instances.machines(self.core, address, filter_)
        return await instances.set_machines(self.core, ids.parse(address.path.rpartition("/")[0]))

    def _write(self, method: str, address: ids.Address, version: str, body: Any, wishes: Wishes) -> Answer:
        if address.is_collection:
            raise ArmError(405, "MethodNotAllowed", f"'{address.path}' takes no {method}.")
        if method == "DELETE":
            return self.core.delete(address)
        if not isinstance(body, dict):
            raise ArmError(400, "InvalidRequestContent", "The request content was invalid: a JSON object is expected.")
        if method == "PUT":
            return self.core.put(address, version, body, wishes)
        if method == "PATCH":
            return self.core.patch(address, body)
        raise ArmError(405, "MethodNotAllowed", f"The local cloud has no {method} for '{address.type}'.")

    # ── who asks ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_host(self, request: Request) -> None:
        """A page in a browser can be made to call loopback under another name; this is none of ours then."""
        if request.headers.get("host", "") not in self.hosts:
            raise ArmError(421, "MisdirectedRequest", "this endpoint does not serve that host")

    def _principal(self, request: Request) -> str:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        oid = tokens.principal(self.key, token.strip(), self.core.around.now()) if kind.lower() == "bearer" else None
        if oid is None:
            raise ArmError(
                401,
                "InvalidAuthenticationToken" if token else "AuthenticationFailed",
                "Authentication failed: a valid bearer token of this cloud is expected in the Authorization header.",
                {"WWW-Authenticate": f'Bearer authorization_uri="{tokens.ISSUER}"'},
            )
        return oid

    def _authorize(self, oid: str, method: str, address: ids.Address, body: Any = None) -> None:
        authorization.authorize(self.core.around, oid, method, address, body)

    def _operation_headers(self, request: Request, answer: Answer) -> dict[str, str]:
        """Where the caller looks how a long-running operation stands."""
        if answer.operation is None:
            return {}
        base = f"https://{request.headers['host']}/subscriptions/{_subscription(request.url.path)}"
        version = "?api-version=2024-03-01"
        results = f"{base}/operationresults/{answer.operation.id}{version}"
        if answer.operation.verb == "delete":
            return {"Location": results, "Retry-After": "0"}
        return {"Azure-AsyncOperation": f"{base}/operations/{answer.operation.id}{version}", "Retry-After": "0"}


async def _suffer(struck: list[Fault]) -> None:
    """What the faults do before the request has any effect."""
    for fault in struck:
        await asyncio.sleep(fault.seconds if fault.kind == "lag" else 0)
        if fault.kind == "status":
            raise fault.error()


def _subscription(path: str) -> str:
    return path.split("/")[2]


def _document(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise ArmError(400, "InvalidRequestContent", f"The request content is no JSON: {error}") from error


def _json(status: int, body: Any, headers: dict[str, str]) -> Response:
    headers = {"x-ms-request-id": str(uuid.uuid4()), "Cache-Control": "no-cache", **headers}
    if body is None:
        return Response(status_code=status, headers=headers)
    return JSONResponse(body, status, headers)
