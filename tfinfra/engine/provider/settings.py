"""The settings of azure-native: whom it acts as and where ARM is, by its configuration and its environment.

Its configuration (namespace azure-native of each stack):

    subscriptionId, tenantId     always
    useDefaultAzureCredential    "true" on Azure: azidentity's DefaultAzureCredential, as this process has its own
    useOidc, clientId            instead of it, "true" and the application, where this process signs in by assertions
    environment                  "public", "usgovernment" or "china"
    metadataHost                 instead of it, host:port of any other ARM, which the plugin then asks for
                                 https://<host>/metadata/endpoints?api-version=2022-09-01
    disableInstanceDiscovery     "true" with metadataHost: Entra's directory of clouds does not list its authority

Its environment, which is the Pulumi tool's:

    ARM_*                        empty: each would stand in for a setting that is not there
                                 (pulumi/pulumi-azure-native, provider/pkg/provider/auth_azidentity.go, getConfig)
    SSL_CERT_FILE                where ARM has a CA of its own: that CA, and those of the system. Go reads it on Linux;
                                 on macOS it asks the keychain, which must trust the CA
    ACTIONS_ID_TOKEN_REQUEST_*   with useOidc: where it gets an assertion for each token (assertion_relay.py)
    AZURE_*, IDENTITY_*, …       as they are: the chain of credentials reads them
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from tfinfra.cloud import Cloud

_TELEMETRY = ("ARM_PARTNER_ID", "ARM_DISABLE_PULUMI_PARTNER_ID")

# Where Linux distributions keep them (golang/go, src/crypto/x509/root_linux.go)
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")


def provider_config(cloud: Cloud) -> dict[str, str]:
    """{"azure-native:<key>": value}."""
    where = {"subscriptionId": cloud.subscription_id, "tenantId": cloud.tenant_id}
    return {f"azure-native:{name}": value for name, value in {**where, **dict(cloud.provider_settings)}.items()}


def provider_variables(cloud: Cloud, state: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set over `environ`; a bundle of CAs is written to the folder `state`. {} where the cloud
    brings its own plugin, whose command says all of this."""
    if cloud.provider_command is not None:
        return {}
    others = {name: "" for name in environ if name.startswith("ARM_") and name not in _TELEMETRY}
    if cloud.ca_file is None:
        return others
    bundle = state / "ca-bundle.pem"
    bundle.write_text("\n".join([*_trusted_cas(environ), cloud.ca_file.read_text("utf-8")]), "utf-8")
    return {**others, "SSL_CERT_FILE": str(bundle)}


def _trusted_cas(environ: Mapping[str, str]) -> list[str]:
    """The CAs that would be trusted without us: the user's choice, else the system's."""
    for path in (environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_SYSTEM):
        if path and Path(path).is_file():
            return [Path(path).read_text("utf-8", errors="replace")]
    return []
