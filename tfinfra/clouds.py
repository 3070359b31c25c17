"""The clouds, made at the edge: everything that differs between Azure and the local cloud is decided here."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tfinfra.arm.token_claims import claims_of, principal_type
from tfinfra.azure.identity.environments import PUBLIC, Environment, Undescribed, environment_at
from tfinfra.cloud import Cloud, Pace
from tfinfra.errors import CredentialsError, ManifestError, NotFeasible, ProvisioningError, first_line, turned_to
from tfinfra.model import Target, Timeouts
from tfinfra.system import child_python
from tfinfra.system.paths import cache_folder, state_folder

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from tfinfra.cloud import Trust
    from tfinfra.localcloud.common.state_folder import Layout
    from tfinfra.localcloud.daemon.daemon_client import Endpoint

ARM_ENDPOINT, ARM_CA, ARM_TOKEN_FILE = "TFINFRA_ARM_ENDPOINT", "TFINFRA_ARM_CA", "TFINFRA_ARM_TOKEN_FILE"
STORAGE_TOKEN_FILE = "TFINFRA_STORAGE_TOKEN_FILE"  # noqa: S105  a variable's name
ARM_PACE = "TFINFRA_ARM_PACE"
ATTESTATION = "TFINFRA_ATTESTATION"
# Beats come each second; a machine with two busy cores may stall an agent for some of them.
LOCAL_TIMEOUTS = Timeouts(register=30, start=60, heartbeat=8, collect=300)
# Listing a scale set's machines is the dearest of Compute's reads: 140 in 3 minutes and 700 in 30 are all that a small
# subscription has in a region, for whoever asks (Azure/AKS#1187, Azure/azure-rest-api-specs#270).
AZURE_TIMEOUTS = Timeouts(register=900, start=600, heartbeat=60, collect=1800, listing=45)
AZURE_NODES = "x86_64-manylinux_2_28"
MACHINES_OPTION = "--machines"
SIGN_IN = "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
# What azure-native waits of its own accord (20, 60 and 120 s before a repeat, 10 s between two looks at a write) is too
# long for a cloud that answers in milliseconds, and that is started again within seconds where it dies.
LOCAL_PACE = 0.05
# One that refuses connections has died and is revived (Cloud.ensure), not waited for.
LOCAL_STEPS = Pace(poll=0.1, retries=3, backoff=LOCAL_PACE, look=0.0)


def cloud_for(target: Target, rehearse: bool, machines: str | None, store: str | None = None) -> Cloud:
    """The cloud that a run goes to: the target's, or the local one where it is rehearsed. `machines` and `store` are
    wishes for the local one."""
    if rehearse or target.cloud == "local":
        return local_cloud(machines=machines, store=store, preflight=rehearse)
    return azure_cloud(target)


def local_cloud(
    *,
    machines: str | None = None,
    store: str | None = None,
    preflight: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Cloud:
    """The cloud of this machine, answering: its daemon is started where none runs.

    `machines` forces a kind ("namespace", "process"); None is the best that is possible. `store` is "azurite" where
    it is to serve the blobs of new storage accounts, None or "files" where those are folders. `preflight`: a rehearsal
    of what goes to Azure asks first, as Azure would be asked. Raises NotFeasible where a wish is not possible here,
    ProvisioningError where the daemon does not start.
    """
    from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
    from tfinfra.localcloud.common.state_folder import AUDIENCE, SUBSCRIPTION, TENANT, Layout
    from tfinfra.localcloud.daemon.credential import TokenFileCredential
    from tfinfra.localcloud.daemon.daemon_client import ensure_daemon
    from tfinfra.localcloud.machines.disks import disk_paths

    kind = possible_machines(machines)
    layout, environments = Layout(state_folder() / "cloud"), cache_folder() / "environments"
    azurite = ensure_azurite(cache_folder(), progress) if store == "azurite" else None
    endpoint = ensure_daemon(layout, azurite)
    plugin = child_python.module("tfinfra.localcloud.plugin", "--endpoint", endpoint.url)
    claims = claims_of(layout.token.read_text("utf-8"))
    secrets = ("--ca", str(layout.ca), "--token-file", str(layout.token), "--pace", str(LOCAL_PACE))
    wishes = (MACHINES_OPTION, kind, "--environments", str(environments), *(("--blobs", "azurite") if azurite else ()))

    return Cloud(
        name="local",
        subscription_id=SUBSCRIPTION,
        tenant_id=TENANT,
        owner=getpass.getuser(),
        arm_endpoint=endpoint.url,
        token_scope=f"{AUDIENCE}.default",
        ca_file=layout.ca,
        credential=lambda: TokenFileCredential(layout.token, layout.storage_token),
        provider_command=(*plugin, *secrets, *wishes),
        environment_cache=environments,
        node_platform="",
        timeouts=LOCAL_TIMEOUTS,
        ensure=partial(_ensure_the_same, endpoint, azurite),
        charges=False,
        preflight=preflight,
        principal_id=str(claims["oid"]),
        principal_type=principal_type(claims),
        pace=LOCAL_STEPS,
        disks=lambda group, path: disk_paths(layout.groups / group.lower() / "machines", path),
        attestation=_local_trust(layout),
    )


def _local_trust(layout: Layout) -> Trust:
    from tfinfra.cloud import Trust
    from tfinfra.localcloud.daemon.certificates import ATTESTATION

    return Trust(layout.ca.read_bytes(), re.compile(re.escape(ATTESTATION)))


def _ensure_the_same(endpoint: Endpoint, azurite: Path | None) -> None:
    """Raises ProvisioningError where the cloud was removed with its folder: one that is made anew knows nothing of
    what the old one held."""
    from tfinfra.localcloud.daemon.daemon_client import ensure_daemon

    layout = endpoint.layout
    if not layout.ca.exists() or ensure_daemon(layout, azurite).url != endpoint.url:
        raise ProvisioningError(f"the local cloud is gone: {layout.root} was removed, and all that it held with it")


def possible_machines(wanted: str | None) -> str:
    """The kind of machines that the local cloud boots: the wanted one, else the best that is possible here.

    Found by trying. Raises NotFeasible with the reason. "fake" boots nothing, for tests.
    """
    if wanted == "fake":
        return wanted
    reasons = machine_kinds()
    if wanted is not None and wanted not in reasons:
        raise NotFeasible(f"there are no '{wanted}' machines", hint=f"there are {', '.join(reasons)}")
    for kind in reasons if wanted is None else (wanted,):
        if reasons[kind] is None:
            return kind
    if wanted is not None:
        other = next((f"--machines {kind} is possible" for kind in reasons if reasons[kind] is None), None)
        raise NotFeasible(f"this machine cannot boot {wanted} machines: {reasons[wanted]}", hint=other)
    told = "; ".join(f"{kind}: {reason}" for kind, reason in reasons.items())
    raise NotFeasible(f"this machine cannot boot any machines: {told}")


def machine_kinds() -> dict[str, str | None]:
    """The kinds of machines of the local cloud, the better first: None where possible here, else the reason why not."""
    from tfinfra.localcloud.machines.machine_kinds import possible_kinds

    return possible_kinds()


def boundary_of(kind: str) -> str:
    """What machines of this kind of the local cloud keep a script from, in a few words."""
    from tfinfra.localcloud.machines.machine_kinds import boundary

    return boundary(kind)


def machines_of(cloud: Cloud) -> str | None:
    """The kind of machines that a local cloud boots, to be named to the user; None on Azure."""
    command = cloud.provider_command or ()
    return command[command.index(MACHINES_OPTION) + 1] if MACHINES_OPTION in command else None


def azure_cloud(target: Target) -> Cloud:
    """Azure, for the target's subscription. Raises ManifestError where it names none, else as `azure_subscription`."""
    if target.subscription_id is None:
        raise ManifestError(
            f"the target '{target.name}' names no subscription", hint="add 'subscription_id' to the target"
        )
    return azure_subscription(target.subscription_id)


@turned_to("azure")
def azure_subscription(subscription: str) -> Cloud:
    """Azure, for a subscription, with whatever credential the caller's environment offers (environment variables, a
    managed identity, `az login`, …). Raises CredentialsError where no credential works.

    ARM answers at TFINFRA_ARM_ENDPOINT where that is set: sovereign clouds, another machine's local cloud.
    TFINFRA_ARM_PACE is the part of Azure's own pace that a rehearsal asks at.
    """
    endpoint, ca_file = _arm()
    described = environment_at(endpoint, ca_file)
    there = described if isinstance(described, Environment) else replace(PUBLIC, arm=endpoint, audience=endpoint)
    credential = _credential(there)
    claims = _caller(credential, there.scope)
    return Cloud(
        name="azure",
        subscription_id=subscription,
        tenant_id=str(claims.get("tid", "")),
        owner=str(claims.get("upn") or claims.get("unique_name") or claims.get("appid") or claims.get("oid")),
        arm_endpoint=endpoint,
        token_scope=there.scope,
        ca_file=ca_file,
        credential=lambda: credential,
        provider_command=None,
        environment_cache=None,
        node_platform=AZURE_NODES,
        timeouts=AZURE_TIMEOUTS,
        ensure=lambda: None,
        preflight=True,
        principal_id=str(claims.get("oid", "")),
        principal_type=principal_type(claims),
        storage_suffix=there.storage_suffix,
        provider_settings=_provider_settings(there),
        stack_endpoint=None if endpoint == PUBLIC.arm else endpoint,
        arm_audience=there.own_audience,
        pace=Pace().times(_part_of_pace()),
        attestation=_azure_trust(there),
    )


def _azure_trust(there: Environment) -> Trust | None:
    """Raises NotFeasible for a wish that is none. Whoever runs an ARM of his own (a name of azure-native's is missing)
    says who signs for its machines; Azure's own clouds have Azure's roots, whatever is said."""
    from tfinfra.azure.identity.issuers import azure_trust

    wish = os.environ.get(ATTESTATION)
    if not wish:
        return azure_trust()
    if wish == "off":
        return None
    if there.name is not None:
        raise NotFeasible(f"{ATTESTATION} is '{wish}'", hint="on Azure's own clouds it is 'off' or not set")
    try:
        return replace(azure_trust(), roots=Path(wish).read_bytes(), signers=re.compile(r"metadata\..+"), fetch=None)
    except OSError as error:
        raise NotFeasible(f"{ATTESTATION} names a file of CAs that cannot be read: {error}") from error


def _part_of_pace() -> float:
    """Raises NotFeasible for what is no part of a whole."""
    said = os.environ.get(ARM_PACE) or "1"
    try:
        part = float(said)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise NotFeasible(
            f"{ARM_PACE} is '{said}'", hint="a number above 0, at most 1: 0.05 asks twenty times as often"
        )
    return part


def _provider_settings(there: Environment) -> tuple[tuple[str, str], ...]:
    """How azure-native finds the same ARM by the same chain of credentials as this process: its own default is another
    chain (pulumi/pulumi-azure-native, provider/pkg/provider/auth_azidentity.go; #3294)."""
    chain = ("useDefaultAzureCredential", "true")
    if there.name is not None:
        return chain, ("environment", there.name)
    # An authority that Entra's public directory of clouds does not list
    return chain, ("metadataHost", urlsplit(there.arm).netloc), ("disableInstanceDiscovery", "true")


def cloud_to_provision(target: Target, rehearse: bool, machines: str | None, store: str | None) -> Cloud:
    """The cloud that a new run goes to. Raises CredentialsError for tokens in files, and NotFeasible for an endpoint
    that does not describe itself, before it asks anybody for a token: Pulumi's provider can take neither."""
    if not rehearse and target.cloud != "local":
        _refuse_what_the_provider_cannot_take()
    return cloud_for(target, rehearse, machines, store)


def _arm() -> tuple[str, Path | None]:
    """ARM's endpoint, without a trailing slash, and the file of the CA that vouches for it."""
    endpoint = (os.environ.get(ARM_ENDPOINT) or PUBLIC.arm).rstrip("/")
    return endpoint, Path(os.environ[ARM_CA]) if os.environ.get(ARM_CA) else None


@turned_to("azure")
def _refuse_what_the_provider_cannot_take() -> None:
    if os.environ.get(ARM_TOKEN_FILE):
        message = f"{ARM_TOKEN_FILE} names a token that Pulumi's azure-native provider cannot take"
        hint = f"with it runs are listed, fetched and ended; to begin one, unset it and sign in: {SIGN_IN}"
        raise CredentialsError(message, hint=hint)
    described = environment_at(*_arm())
    if isinstance(described, Undescribed):
        if described.silent:
            message = f"no answer from {described.arm}, which {ARM_ENDPOINT} names: {described.why}"
            hint = f"is it the right address, is there a way to it (HTTPS_PROXY), and is its certificate {ARM_CA}'s?"
            raise NotFeasible(message, hint=hint)
        message = f"{ARM_ENDPOINT} is {described.arm}, which does not say what cloud it is: {described.why}"
        hint = "Pulumi's provider asks it for /metadata/endpoints too; runs there can be listed, fetched and ended"
        raise NotFeasible(message, hint=hint)


def _credential(there: Environment) -> TokenCredential:
    """The caller's: tokens in files, where they are named, else what azure-identity finds."""
    token_file = os.environ.get(ARM_TOKEN_FILE)
    if not token_file:
        return _default_credential(there)
    from tfinfra.localcloud.daemon.credential import TokenFileCredential

    return TokenFileCredential(Path(token_file), Path(os.environ.get(STORAGE_TOKEN_FILE) or token_file))


def _default_credential(there: Environment) -> TokenCredential:
    """azure-identity's chain, without what the provider's own (in Go) has not, or has in another place: both must find
    the same caller. Raises CredentialsError where AZURE_TOKEN_CREDENTIALS leaves nothing of it."""
    import logging

    from azure.identity import DefaultAzureCredential

    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # its page-long warning is our one-line error
    elsewhere: dict[str, Any] = {} if there.authority is None else {"authority": there.authority}
    if there.name is None:
        elsewhere["disable_instance_discovery"] = True  # as the provider is told
    try:
        return DefaultAzureCredential(
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_broker_credential=True,
            exclude_powershell_credential=True,
            **elsewhere,
        )
    except ValueError as error:
        narrowed = os.environ.get("AZURE_TOKEN_CREDENTIALS")
        hint = (
            "AZURE_TOKEN_CREDENTIALS is dev, prod, or the name of a link that tfinfra and Pulumi's provider both have"
        )
        why = f"AZURE_TOKEN_CREDENTIALS is {narrowed}: {first_line(error)}" if narrowed else first_line(error)
        raise CredentialsError(f"no credential for Azure can be made: {why}", hint if narrowed else SIGN_IN) from error


def _caller(credential: TokenCredential, scope: str) -> dict[str, object]:
    """The claims of the caller's own token: who pays, and who owns what is made. Raises CredentialsError."""
    from tfinfra.azure.identity.caller import token_for

    others = "; the ARM_* variables of other tools are not read" if os.environ.get("ARM_CLIENT_ID") else ""
    try:
        claims = claims_of(token_for(credential, scope, "no credential for Azure", SIGN_IN + others))
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{ARM_TOKEN_FILE} holds no token: {error}") from error
    if not claims:
        raise CredentialsError("the credential for Azure gives a token that does not say whose it is", hint=SIGN_IN)
    return claims
