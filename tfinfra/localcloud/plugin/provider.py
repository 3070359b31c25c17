"""Pulumi's resource provider protocol, answered from ARM. Every method is one request of the engine's."""
# ruff: noqa: ARG002, N802 - names and arguments of the methods are those of Pulumi's protocol

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped] # grpc and protobuf ship no types
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tfinfra.arm.azure_native import VERSION
from tfinfra.arm.body_shapes import body_type, from_arm, to_arm
from tfinfra.arm.kinds import Kind, UnknownKind, kind_of
from tfinfra.arm.requests import arm_body
from tfinfra.localcloud.plugin.provider_configuration import ProviderConfiguration
from tfinfra.localcloud.plugin.provider_errors import PartlyCreated, ProviderError
from tfinfra.localcloud.plugin.styles import LONG_DELETIONS, LONG_WRITES, SUBRESOURCES

_Provider = TypeVar("_Provider", bound="AzureNativeProvider")
_Method = Callable[[_Provider, Any, grpc.ServicerContext], Any]


def answers(method: _Method[_Provider]) -> _Method[_Provider]:
    """Makes ARM's errors the request's error; the engine shows the details as they are."""

    @wraps(method)
    def answer(self: _Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except PartlyCreated as error:
            _abort_partly(context, error, request)
        except (ProviderError, UnknownKind) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except KeyError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the input {error} is missing")

    return answer


def _abort_partly(context: grpc.ServicerContext, error: PartlyCreated, request: Any) -> None:
    """Ends with the error and the state that exists, which the engine records (crud/crud.go, partialError)."""
    inputs = request.properties if isinstance(request, provider_pb2.CreateRequest) else request.news
    detail = provider_pb2.ErrorResourceInitFailed(id=error.id, reasons=[str(error)], inputs=inputs)
    if error.state is not None:
        detail.properties.CopyFrom(_outputs(kind_of(token(request.urn)), error.state))
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))


class AzureNativeProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider, of one configuration at a time; the engine calls it from several threads at once."""

    def __init__(self, configure: Callable[[Mapping[str, str]], ProviderConfiguration]) -> None:
        self._configure = configure
        self._configuration: ProviderConfiguration | None = None

    @property
    def _now(self) -> ProviderConfiguration:
        """The configuration of the last Configure. Raises ProviderError before the first."""
        if self._configuration is None:
            raise ProviderError("the provider is not configured")
        return self._configuration

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    @answers
    def Configure(self, request: Any, context: Any) -> Any:
        """Secrets and outputs come unwrapped: the engine marks what was made of a secret by itself."""
        variables = {name.rsplit(":", 1)[-1]: value for name, value in request.variables.items()}
        self._configuration = self._configure(variables)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, acceptResources=False, acceptOutputs=False, supportsPreview=True
        )

    @answers
    def Check(self, request: Any, context: Any) -> Any:
        """Fills in a location and a name, as the real provider does: the logical name and eight random hex digits."""
        kind, inputs = kind_of(token(request.urn)), plain(request.news)
        if kind.own_name and kind.own_name not in inputs:
            old = plain(request.olds).get(kind.own_name)
            inputs[kind.own_name] = old or f"{request.urn.rsplit('::', 1)[-1]}{secrets.token_hex(4)}"
        location = self._now.location
        if location and "location" not in inputs:
            index = body_type(kind.arm_type, kind.api_version)
            if index is not None and to_arm(index, {"location": ""}) == {"location": ""}:
                inputs["location"] = location
        return provider_pb2.CheckResponse(inputs=struct(inputs))

    @answers
    def Diff(self, request: Any, context: Any) -> Any:
        """Other inputs are an update; another address or location is another resource, after this one is gone: names
        are explicit."""
        kind, old, new = kind_of(token(request.urn)), plain(request.old_inputs), plain(request.news)
        changed = sorted(name for name in {*old, *new} if not _same(name, old.get(name), new.get(name)))
        moved = [name for name in changed if name in kind.address or name == "location"]
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=changed,
            replaces=moved,
            deleteBeforeReplace=bool(moved),
        )

    @answers
    def Create(self, request: Any, context: Any) -> Any:
        kind, inputs = kind_of(token(request.urn)), plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_outputs(kind, arm_body(kind, inputs)))
        arm, path = self._now.arm, kind.path(inputs, self._now.subscription)
        if kind.arm_type.endswith("/resourceGroups"):  # as its own specification spells it; its id is what ARM answers
            path = path.replace("/resourceGroups/", "/resourcegroups/")
        if not kind.comes_with_parent:
            arm.check_absent(path, kind.api_version)
        made = self._written(kind, path, _with_subresources(kind, arm_body(kind, inputs), {}))
        return provider_pb2.CreateResponse(id=str(made.get("id") or path), properties=_outputs(kind, made))

    @answers
    def Update(self, request: Any, context: Any) -> Any:
        kind, inputs = kind_of(token(request.urn)), plain(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=_outputs(kind, arm_body(kind, inputs)))
        body, existing = arm_body(kind, inputs), {}
        if _unset(kind, body):
            existing = self._now.arm.read(request.id, kind.api_version).get("properties", {})
        made = self._written(kind, request.id, _with_subresources(kind, body, existing))
        return provider_pb2.UpdateResponse(properties=_outputs(kind, made))

    @answers
    def Read(self, request: Any, context: Any) -> Any:
        """An answer without an id says that the resource is gone."""
        kind = kind_of(token(request.urn))
        body = self._now.arm.get(request.id, kind.api_version)
        if body is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=_outputs(kind, body), inputs=request.inputs)

    @answers
    def Delete(self, request: Any, context: Any) -> Any:
        kind = kind_of(token(request.urn))
        if kind.comes_with_parent:
            self._now.arm.put(request.id, kind.api_version, {"properties": {}}, follow=False)
            return empty_pb2.Empty()
        self._now.arm.delete(request.id, kind.api_version, follow=kind.arm_type in LONG_DELETIONS)
        return empty_pb2.Empty()

    @answers
    def Invoke(self, request: Any, context: Any) -> Any:
        """getClientConfig, and get<Type> of every type."""
        module, _, function = request.tok.rpartition(":")
        if function == "getClientConfig":
            result = struct(self._now.client_config())
        else:
            kind = kind_of(f"{module}:{function.removeprefix('get')}")
            path = kind.path(plain(request.args), self._now.subscription)
            try:
                result = _outputs(kind, self._now.arm.read(path, kind.api_version))
            except ProviderError as error:
                raise ProviderError(f"request failed {path}: {error}", error.status) from error
        return provider_pb2.InvokeResponse(**{"return": result})

    def Cancel(self, request: Any, context: Any) -> Any:
        if self._configuration is not None:
            self._configuration.arm.pacing.stopped.set()
        return empty_pb2.Empty()

    def _written(self, kind: Kind, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The resource as it is read after its write. A read that fails is no error of the provider's: what the write
        answered is taken (provider.go, readAfterWrite)."""
        arm = self._now.arm
        follow = kind.arm_type in LONG_WRITES
        made: dict[str, Any] = arm.put(path, kind.api_version, body, follow=follow)
        try:
            read: dict[str, Any] = arm.read(str(made.get("id") or path), kind.api_version)
        except ProviderError:
            return made
        return read


def _unset(kind: Kind, body: dict[str, Any]) -> list[str]:
    """The properties of SUBRESOURCES that the body says nothing of."""
    return [name for name in SUBRESOURCES.get(kind.arm_type, ()) if name not in body.get("properties", {})]


def _with_subresources(kind: Kind, body: dict[str, Any], existing: dict[str, Any]) -> dict[str, Any]:
    """The body with the `existing` values of these properties, empty lists where there are none."""
    unset = {name: existing.get(name, []) for name in _unset(kind, body)}
    return {**body, "properties": {**body.get("properties", {}), **unset}} if unset else body


def _same(name: str, old: Any, new: Any) -> bool:
    """Whether an input is unchanged; "East US" is eastus (diff.go, applyAzureSpecificDiff)."""
    if name == "location" and isinstance(old, str) and isinstance(new, str):
        old, new = (text.replace(" ", "").lower() for text in (old, new))
    return bool(old == new)


def _outputs(kind: Kind, body: dict[str, Any]) -> struct_pb2.Struct:
    flat = from_arm(body_type(kind.arm_type, kind.api_version), body)
    spelt = {arm: native for native, arm in kind.renamed.items()}
    return struct({**{spelt.get(n, n): v for n, v in flat.items()}, "azureApiVersion": kind.api_version})


def token(urn: str) -> str:
    """The type of urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def plain(properties: struct_pb2.Struct) -> dict[str, Any]:
    """The values that are set; azure-native sends null for what the program left out."""
    return {name: value for name, value in json_format.MessageToDict(properties).items() if value is not None}


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
