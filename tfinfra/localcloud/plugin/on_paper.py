"""The provider of a preview that asks nobody: what ARM would answer is made up, the same in every preview.

The real provider leaves what only ARM knows unknown in a preview. Here it is stood in for, so that whoever looks at the
resources, a policy for example, sees all of their values.
"""
# ruff: noqa: ARG002, N802 - names and arguments of the methods are those of Pulumi's protocol

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped] # protobuf ships no types
from pulumi.runtime.proto import provider_pb2

from tfinfra.arm.requests import request_of
from tfinfra.arm.standins import identity_ids, outputs_of
from tfinfra.localcloud.plugin.arm_client import ArmClient
from tfinfra.localcloud.plugin.azcore_pipeline import Pacing
from tfinfra.localcloud.plugin.provider import AzureNativeProvider, answers, plain, struct, token
from tfinfra.localcloud.plugin.provider_configuration import ProviderConfiguration
from tfinfra.localcloud.plugin.provider_errors import ProviderError
from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse

NOBODY = "00000000-0000-0000-0000-000000000000"


class PaperProvider(AzureNativeProvider):
    """Serves previews of stacks that do not exist yet, and refuses to make anything."""

    def __init__(self) -> None:
        super().__init__(_configuration)

    @answers
    def Create(self, request: Any, context: Any) -> Any:
        if not request.preview:
            raise ProviderError("this provider serves previews alone")
        wanted = request_of(
            request.urn.rsplit("::", 1)[-1], token(request.urn), plain(request.properties), self._now.subscription
        )
        return provider_pb2.CreateResponse(id=wanted.path, properties=struct(outputs_of(wanted)))

    @answers
    def Invoke(self, request: Any, context: Any) -> Any:
        """getClientConfig, and an identity by its names."""
        if request.tok.endswith(":getClientConfig"):
            result = self._now.client_config()
        else:
            given = json_format.MessageToDict(request.args)
            path = (
                f"/subscriptions/{self._now.subscription}/resourceGroups/{given['resourceGroupName']}"
                f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{given['resourceName']}"
            )
            result = {"id": path, "name": given["resourceName"], "location": "eastus", **identity_ids(path)}
        return provider_pb2.InvokeResponse(**{"return": struct(result)})


def _configuration(variables: Mapping[str, str]) -> ProviderConfiguration:
    claims = {"oid": NOBODY, "appid": NOBODY, "tid": NOBODY}
    arm = ArmClient("https://nobody.invalid", _refuse, Pacing())
    return ProviderConfiguration(
        arm, variables.get("subscriptionId") or NOBODY, variables.get("location"), lambda: claims
    )


def _refuse(request: HttpRequest) -> HttpResponse:
    raise ProviderError(f"a preview asks ARM for nothing, and was to {request.method} {request.url}")
