"""The credential that tfinfra asks ARM with: tokens in files where they are named, else what azure-identity finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.arm.token_claims import claims_of
from tfinfra.azure.identity.caller import token_for
from tfinfra.azure.identity.environments import Environment
from tfinfra.azure.identity.federation import FederatedCredential, federation
from tfinfra.errors import CredentialsError, first_line
from tfinfra.system.loopback import is_loopback

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

ARM_TOKEN_FILE, STORAGE_TOKEN_FILE = "TFINFRA_ARM_TOKEN_FILE", "TFINFRA_STORAGE_TOKEN_FILE"
STORAGE_SCOPE = "https://storage.azure.com/.default"
SIGN_IN = "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"


class TokenFileCredential:
    """A TokenCredential that reads a file each time it is asked: `storage` for Blob, `arm` for every other scope."""

    def __init__(self, arm: Path, storage: Path) -> None:
        self._arm, self._storage = arm, storage

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """The token and its expiry (Unix seconds). Raises OSError where the file cannot be read, ValueError where it
        holds something else."""
        from azure.core.credentials import AccessToken

        del claims, tenant_id, enable_cae, kwargs
        storage = scopes[0].removesuffix(".default").rstrip("/") == STORAGE_SCOPE.removesuffix("/.default")
        token = (self._storage if storage else self._arm).read_text("utf-8")
        said = claims_of(token)
        if "exp" not in said:
            raise ValueError("it is no JSON Web Token that says when it expires")
        return AccessToken(token, int(said["exp"]))


def azure_credential(environment: Environment, ca_file: Path | None = None) -> TokenCredential:
    """The caller's: the tokens in the files that TFINFRA_ARM_TOKEN_FILE and TFINFRA_STORAGE_TOKEN_FILE name, else that
    of an application for which a CI system vouches, else `default_credential`. `ca_file` is the CA of an ARM of the
    user's own, and of the authority beside it."""
    import logging

    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # its page-long warning is our one-line error
    arm = os.environ.get(ARM_TOKEN_FILE)
    if arm:
        return TokenFileCredential(Path(arm), Path(os.environ.get(STORAGE_TOKEN_FILE) or arm))
    known = federation(os.environ)
    if known is None:
        return default_credential(environment)
    transport: dict[str, Any] = {}
    if environment.name is None and ca_file is not None:
        transport = {"connection_verify": str(ca_file)}
        if is_loopback(environment.arm):
            transport["use_env_settings"] = False
    return FederatedCredential(known, authority=environment.authority, **transport)


def default_credential(environment: Environment) -> TokenCredential:
    """azure-identity's chain, without the links that the provider's own chain (in Go) lacks or has in another order:
    both must find the same caller. Raises CredentialsError where AZURE_TOKEN_CREDENTIALS leaves no link."""
    from azure.identity import DefaultAzureCredential

    options: dict[str, Any] = {} if environment.authority is None else {"authority": environment.authority}
    if environment.name is None:
        options["disable_instance_discovery"] = True  # as the provider is told
    try:
        return DefaultAzureCredential(
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_broker_credential=True,
            exclude_powershell_credential=True,
            **options,
        )
    except ValueError as error:
        narrowed = os.environ.get("AZURE_TOKEN_CREDENTIALS")
        hint = (
            "AZURE_TOKEN_CREDENTIALS is dev, prod, or the name of a link that tfinfra and Pulumi's provider both have"
        )
        why = f"AZURE_TOKEN_CREDENTIALS is {narrowed}: {first_line(error)}" if narrowed else first_line(error)
        raise CredentialsError(f"no credential for Azure can be made: {why}", hint if narrowed else SIGN_IN) from error


def caller_claims(credential: TokenCredential, scope: str) -> dict[str, Any]:
    """The claims of the caller's own token: who pays, and who owns what is made. Raises CredentialsError."""
    others = "; the ARM_* variables of other tools are not read" if os.environ.get("ARM_CLIENT_ID") else ""
    try:
        claims = claims_of(token_for(credential, scope, "no credential for Azure", SIGN_IN + others))
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{ARM_TOKEN_FILE} holds no token: {error}") from error
    if not claims:
        raise CredentialsError("the credential for Azure gives a token that does not say whose it is", hint=SIGN_IN)
    return claims
