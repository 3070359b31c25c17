"""What an ARM endpoint says of its cloud to a client without a token: where tokens come from, their audiences, and how
hosts end. The shape is that of ARM's /metadata/endpoints in api-version 2022-09-01, as recorded in
pulumi/pulumi-azure-native, provider/pkg/azure/cloud/metadata/server/main.go."""

from __future__ import annotations

from typing import Any

from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import AUDIENCE

PATH = "/metadata/endpoints"
NAME = "TfinfraLocal"


def endpoints(host: str) -> dict[str, Any]:
    """The document of the ARM at `host` ("127.0.0.1:port"). Nothing in it leads off this machine but suffixes."""
    here = f"https://{host}/"
    return {
        "name": NAME,
        "resourceManager": here,
        "portal": here,
        "authentication": {
            "loginEndpoint": here,
            "audiences": [AUDIENCE],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": tokens.GRAPH,
        "graphAudience": tokens.GRAPH,
        "microsoftGraphResourceId": tokens.GRAPH,
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
    }
