"""Pulumi's resource provider protocol, answered from ARM. Every method is one request of the engine's."""
# ruff: noqa: ARG002, N802 - names and arguments of the methods are those of Pulumi's protocol

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

import grpc  # type: ignore[import-untyped] # grpc and protobuf ship no types
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tfinfra.arm.kinds import Kind, UnknownKind, kind_of
from tfinfra.arm.requests import arm_body
from tfinfra.arm.shapes import body_type, from_arm, to_arm
from tfinfra.localcloud.plugin.arm import Arm, ArmError

_VERSION = "3.29.0"
_Method = Callable[["Provider", Any, grpc.ServicerContext], Any]


def _answers(method: _Method) -> _Method:
    """ARM's errors become the request's error; the engine shows the details as they are."""

    @wraps(method)
    def answer(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except ArmError as error:
            context.abort(grpc.StatusCode.UNKNOWN, notation(error))
        except UnknownKind as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except KeyError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the input {error} is missing")

    return answer


def notation(error: ArmError) -> str:
    """ARM's answer as the real provider writes it (azure-native 3.29, PulumiAzcoreResponseError)."""
    return f'Status={error.status} Code="{error.code}" Message="{error.message}"'


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider; the engine calls it from several threads at once."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._subscription = ""
        self._location: str | None = None

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=_VERSION)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        """Secrets and outputs come unwrapped: the engine marks what was made of a secret by itself.

        Each update configures anew and cancels at its end what it started; the plugin serves the next one all the same.
        """
        self._arm.stopped.clear()
        variables = {name.rsplit(":", 1)[-1]: value for name, value in request.variables.items()}
        self._subscription = variables.get("subscriptionId", "")
        self._location = variables.get("location")
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, acceptResources=False, acceptOutputs=False, supportsPreview=True
        )

    @_answers
    def Check(self, request: Any, context: Any) -> Any:
        """Fills in a location and a name, as the real provider does: the logical name and eight random hex digits."""
        kind, inputs = kind_of(_token(request.urn)), _plain(request.news)
        if kind.own_name and kind.own_name not in inputs:
            old = _plain(request.olds).get(kind.own_name)
            inputs[kind.own_name] = old or f"{request.urn.rsplit('::', 1)[-1]}{secrets.token_hex(4)}"
        if self._location and "location" not in inputs and _has_location(kind):
            inputs["location"] = self._location
        return provider_pb2.CheckResponse(inputs=_struct(inputs))

    @_answers
    def Diff(self, request: Any, context: Any) -> Any:
        """Other inputs are an update; another address or location is another resource, after this one is gone: names
        are explicit."""
        kind, old, new = kind_of(_token(request.urn)), _plain(request.old_inputs), _plain(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        moved = [name for name in changed if name in kind.address or name == "location"]
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=changed,
            replaces=moved,
            deleteBeforeReplace=bool(moved),
        )

    @_answers
    def Create(self, request: Any, context: Any) -> Any:
        kind, inputs = kind_of(_token(request.urn)), _plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_outputs(kind, arm_body(kind, inputs)))
        path = kind.path(inputs, self._subscription)
        return provider_pb2.CreateResponse(id=path, properties=self._put(kind, path, inputs))

    @_answers
    def Update(self, request: Any, context: Any) -> Any:
        kind, inputs = kind_of(_token(request.urn)), _plain(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_outputs(kind, arm_body(kind, inputs)))
        return provider_pb2.UpdateResponse(properties=self._put(kind, request.id, inputs))

    @_answers
    def Read(self, request: Any, context: Any) -> Any:
        """An answer without an id says that the resource is gone."""
        kind = kind_of(_token(request.urn))
        body = self._arm.get(request.id, kind.api_version)
        if body is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=_outputs(kind, body), inputs=request.inputs)

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:
        self._arm.delete(request.id, kind_of(_token(request.urn)).api_version)
        return empty_pb2.Empty()

    @_answers
    def Invoke(self, request: Any, context: Any) -> Any:
        """getClientConfig, and get<Type> of every type that there is."""
        module, _, function = request.tok.rpartition(":")
        if function == "getClientConfig":
            result = _struct(self._client_config())
        else:
            result = self._get(kind_of(f"{module}:{function.removeprefix('get')}"), _plain(request.args))
        return provider_pb2.InvokeResponse(**{"return": result})

    def Cancel(self, request: Any, context: Any) -> Any:
        self._arm.stopped.set()
        return empty_pb2.Empty()

    def _put(self, kind: Kind, path: str, inputs: dict[str, Any]) -> struct_pb2.Struct:
        return _outputs(kind, self._arm.put(path, kind.api_version, arm_body(kind, inputs)))

    def _get(self, kind: Kind, arguments: dict[str, Any]) -> struct_pb2.Struct:
        path = kind.path(arguments, self._subscription)
        body = self._arm.get(path, kind.api_version)
        if body is None:
            raise ArmError(404, "ResourceNotFound", f"The Resource '{path}' was not found.")
        return _outputs(kind, body)

    def _client_config(self) -> dict[str, str]:
        """Who the caller is, out of the token, as azure-native's own function says it."""
        claims = self._claims()
        return {
            "clientId": claims.get("appid", ""),
            "objectId": claims.get("oid", ""),
            "subscriptionId": self._subscription,
            "tenantId": claims.get("tid", ""),
        }

    def _claims(self) -> dict[str, str]:
        """The token's claims, {} for one that is no JWT."""
        parts = self._arm.token().split(".")
        if len(parts) != 3:
            return {}
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return {name: str(value) for name, value in json.loads(base64.urlsafe_b64decode(padded)).items()}


def _outputs(kind: Kind, body: dict[str, Any]) -> struct_pb2.Struct:
    flat = from_arm(body_type(kind.arm_type, kind.api_version), body)
    spelt = {arm: native for native, arm in kind.renamed.items()}
    return _struct({**{spelt.get(n, n): v for n, v in flat.items()}, "azureApiVersion": kind.api_version})


def _token(urn: str) -> str:
    """The type of urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _has_location(kind: Kind) -> bool:
    index = body_type(kind.arm_type, kind.api_version)
    return index is not None and to_arm(index, {"location": ""}) == {"location": ""}


def _plain(properties: struct_pb2.Struct) -> dict[str, Any]:
    """The values that are set; azure-native sends null for what the program left out."""
    return {name: value for name, value in json_format.MessageToDict(properties).items() if value is not None}


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
