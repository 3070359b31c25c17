"""The owner's credential for the local cloud, as the Azure SDKs ask for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.common.state_folder import AUDIENCE
from tfinfra.localcloud.common.tokens import STORAGE, audience_of

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken


class TokenFileCredential:
    """A TokenCredential that reads the daemon's token files each time it is asked: one for ARM, one for Blob."""

    def __init__(self, arm: Path, storage: Path) -> None:
        self._files = {AUDIENCE: arm, STORAGE: storage}

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """The token for the scope's audience and its expiry (Unix seconds). Raises OSError where there is no daemon to
        have written one, ValueError where the file holds something else."""
        from azure.core.credentials import AccessToken

        del claims, tenant_id, enable_cae, kwargs
        token = self._files[audience_of(scopes[0].removesuffix(".default"))].read_text()
        said = claims_of(token)
        if "exp" not in said:
            raise ValueError("it is no JSON Web Token that says when it expires")
        return AccessToken(token, int(said["exp"]))
