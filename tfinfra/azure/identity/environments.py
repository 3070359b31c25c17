"""The clouds that ARM answers for: the public one, the sovereign ones, and any that describes itself (the
local cloud, and Azure Stack Hub as far as its runs are listed and ended: it has no Logic Apps for a run's timer).

Names and hosts are those of azure-native (pulumi/pulumi-azure-native, provider/pkg/azure/cloud/cloud.go), which asks an
endpoint that it does not know for /metadata/endpoints, as tfinfra does.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from tfinfra.system.loopback import is_loopback

METADATA_API = "2022-09-01"
"""The one version that azure-native asks for (provider/pkg/azure/cloud/metadata/client.go)."""

_PATIENCE = 10.0


@dataclass(frozen=True)
class Environment:
    """`name` is azure-native's, None where it asks the endpoint itself; `arm` has no trailing slash; `audience` is whom
    a token must be for; `authority` is where it is had, None for the public one; `storage_suffix` ends the hosts of
    storage accounts."""

    name: str | None
    arm: str
    audience: str
    authority: str | None
    storage_suffix: str

    @property
    def scope(self) -> str:
        """What a credential is asked for. A slash that ends the audience belongs to it, hence two.
        https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default"""
        return f"{self.audience}/.default"

    @property
    def own_audience(self) -> str | None:
        """The audience where it is another than the endpoint itself."""
        return None if self.audience.rstrip("/") == self.arm else self.audience


def _known(name: str, host: str, login: str | None, suffix: str) -> Environment:
    return Environment(name, f"https://{host}", f"https://{host}", login and f"https://{login}", suffix)


PUBLIC = _known("public", "management.azure.com", None, "core.windows.net")
_KNOWN = (
    PUBLIC,
    _known("usgovernment", "management.usgovcloudapi.net", "login.microsoftonline.us", "core.usgovcloudapi.net"),
    _known("china", "management.chinacloudapi.cn", "login.chinacloudapi.cn", "core.chinacloudapi.cn"),
)


@dataclass(frozen=True)
class Undescribed:
    """An endpoint that does not say what cloud it is, and why; `silent`: it does not answer at all."""

    arm: str
    why: str
    silent: bool = False


def environment_at(endpoint: str, ca_file: Path | None) -> Environment | Undescribed:
    """The environment whose ARM answers at `endpoint` (no trailing slash), by what it says of itself where it is not
    one of the known three. What it said once holds for this process; one that did not answer is asked again."""
    for known in _KNOWN:
        if known.arm == endpoint:
            return known
    try:
        return _described(endpoint, ca_file)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        silent = isinstance(error, OSError) and not isinstance(error, HTTPError)
        return Undescribed(endpoint, str(getattr(error, "reason", None) or error) or type(error).__name__, silent)


@lru_cache(maxsize=8)
def _described(endpoint: str, ca_file: Path | None) -> Environment:
    """What the endpoint says of itself. Raises, and remembers nothing, where it does not."""
    metadata = _metadata(endpoint, ca_file)
    authentication = metadata["authentication"]
    return Environment(
        name=None,
        arm=endpoint,
        audience=str(authentication["audiences"][0]),
        authority=str(authentication["loginEndpoint"]).rstrip("/"),
        storage_suffix=str(metadata["suffixes"]["storage"]).lstrip("."),
    )


def _metadata(endpoint: str, ca_file: Path | None) -> dict[str, Any]:
    """Raises OSError, ValueError."""
    trust = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    handlers: list[Any] = [HTTPSHandler(context=trust)]
    if is_loopback(endpoint):
        handlers.append(ProxyHandler({}))
    url = f"{endpoint}/metadata/endpoints?api-version={METADATA_API}"
    with build_opener(*handlers).open(url, timeout=_PATIENCE) as answer:
        document: dict[str, Any] = json.loads(answer.read().decode("utf-8-sig"))
    return document
