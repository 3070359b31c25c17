"""The owner's credential for the local cloud, as the Azure SDKs ask for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.localcloud.tokens import claims_of

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken


class TokenFileCredential:
    """A TokenCredential that reads the daemon's token file each time it is asked."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """The token and its expiry (Unix seconds). Raises OSError where there is no daemon to have written one."""
        from azure.core.credentials import AccessToken

        del scopes, claims, tenant_id, enable_cae, kwargs
        token = self._file.read_text()
        return AccessToken(token, int(claims_of(token)["exp"]))
