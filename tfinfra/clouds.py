"""The clouds, made at the edge: everything that differs between Azure and the local cloud is decided here."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tfinfra.arm.token_claims import claims_of, principal_type
from tfinfra.azure.identity.credential import (
    ARM_TOKEN_FILE,
    SIGN_IN,
    TokenFileCredential,
    azure_credential,
    caller_claims,
)
from tfinfra.azure.identity.environments import PUBLIC, Environment, Undescribed, environment_at
from tfinfra.azure.identity.federation import BY_ASSERTION, FederatedCredential
from tfinfra.catalog.images import AZURE_NODES
from tfinfra.cloud import Cloud, Pace, Trust
from tfinfra.errors import CredentialsError, ManifestError, NotFeasible, ProvisioningError, turned_to
from tfinfra.model import Target, Timeouts
from tfinfra.system.installation import require_run_packages
from tfinfra.system.ownership import user_name
from tfinfra.system.paths import cache_folder, state_folder
from tfinfra.system.process import child_python
from tfinfra.system.progress import Progress, do_nothing, say_nothing

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from tfinfra.localcloud.daemon.daemon_client import Endpoint

_ARM_ENDPOINT, _ARM_CA, _ARM_PACE = "TFINFRA_ARM_ENDPOINT", "TFINFRA_ARM_CA", "TFINFRA_ARM_PACE"
ATTESTATION = "TFINFRA_ATTESTATION"
# Beats come each second; a machine with two busy cores may stall an agent for some of them.
LOCAL_TIMEOUTS = Timeouts(register=30, start=60, heartbeat=8, collect=300)
# Listing a scale set's machines is the dearest of Compute's reads: 140 in 3 minutes and 700 in 30 are all that a small
# subscription has in a region, for whoever asks (Azure/AKS#1187, Azure/azure-rest-api-specs#270).
AZURE_TIMEOUTS = Timeouts(register=900, start=600, heartbeat=60, collect=1800, listing=45)
_MACHINES_OPTION = "--machines"
_NOBODY = "00000000-0000-0000-0000-000000000000"
# What azure-native waits of its own accord (20, 60 and 120 s before a repeat, 10 s between two looks at a write) is too
# long for a cloud that answers in milliseconds, and that is started again within seconds where it dies.
LOCAL_PACE = 0.05
# One that refuses connections has died and is revived (Cloud.ensure), not waited for.
_LOCAL_STEPS = Pace(poll=0.1, retries=3, backoff=LOCAL_PACE, look=0.0)


def cloud_for(target: Target, rehearse: bool, machines: str | None, store: str | None = None) -> Cloud:
    """The cloud that a run goes to: the target's, or the local one where it is rehearsed. `machines` and `store` are
    `local_cloud`'s."""
    if rehearse or target.cloud == "local":
        return local_cloud(machines=machines, store=store, preflight=rehearse)
    return azure_cloud(target)


def local_cloud(
    *,
    machines: str | None = None,
    store: str | None = None,
    preflight: bool = False,
    progress: Progress = say_nothing,
) -> Cloud:
    """The cloud of this machine, answering: its daemon is started where none runs.

    `machines` forces a kind ("namespace", "process"); None is the best that is possible. `store`: "azurite" serves the
    blobs of new storage accounts, None or "files" keeps them in folders. `preflight`: a rehearsal asks first, as Azure
    would be asked. Raises NotFeasible for machines that are not possible here, ProvisioningError where the daemon does
    not start.
    """
    from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
    from tfinfra.localcloud.common.state_folder import AUDIENCE, SUBSCRIPTION, TENANT, Layout
    from tfinfra.localcloud.daemon import certificates
    from tfinfra.localcloud.daemon.daemon_client import ensure_daemon
    from tfinfra.localcloud.machines.disks import disk_paths

    require_run_packages()
    kind = possible_machines(machines)
    layout, environments = Layout(state_folder() / "cloud"), cache_folder() / "environments"
    azurite = ensure_azurite(cache_folder(), progress) if store == "azurite" else None
    endpoint = ensure_daemon(layout, azurite)
    claims = claims_of(layout.token.read_text("utf-8"))
    return Cloud(
        name="local",
        subscription_id=SUBSCRIPTION,
        tenant_id=TENANT,
        owner=user_name(),
        arm_endpoint=endpoint.url,
        token_scope=f"{AUDIENCE}.default",
        ca_file=layout.ca,
        credential=lambda: TokenFileCredential(layout.token, layout.storage_token),
        provider_command=_local_provider(endpoint, kind, environments, "azurite" if azurite else None),
        environment_cache=environments,
        node_platform="",
        timeouts=LOCAL_TIMEOUTS,
        ensure=partial(_ensure_same_daemon, endpoint, azurite),
        charges=False,
        preflight=preflight,
        principal_id=str(claims["oid"]),
        principal_type=principal_type(claims),
        pace=_LOCAL_STEPS,
        disks=lambda group, path: disk_paths(layout.groups / group.lower() / "machines", path),
        attestation=Trust(layout.ca.read_bytes(), re.compile(re.escape(certificates.ATTESTATION))),
    )


def known_attestations() -> dict[str, Trust]:
    """Who signs for the machines of each cloud, by its name, as far as this machine can tell without asking one. Raises
    NotFeasible as `azure_attestation` does."""
    from tfinfra.localcloud.common.state_folder import Layout
    from tfinfra.localcloud.daemon import certificates

    own = os.environ.get(ATTESTATION, "off") != "off"
    azure = azure_attestation(replace(PUBLIC, name=None) if own else PUBLIC)
    found = {"azure": azure} if azure is not None else {}
    with suppress(OSError):  # a machine that never had a cloud of its own
        roots = Layout(state_folder() / "cloud").ca.read_bytes()
        found["local"] = Trust(roots, re.compile(re.escape(certificates.ATTESTATION)))
    return found


def _local_provider(endpoint: Endpoint, machines: str, environments: Path, blobs: str | None) -> tuple[str, ...]:
    """The command of the stand-in for azure-native. What it needs of the cloud is in its options alone: `machines_of`
    reads there which machines it boots."""
    layout = endpoint.layout
    options = (
        *("--endpoint", endpoint.url, "--ca", str(layout.ca), "--token-file", str(layout.token)),
        *("--pace", str(LOCAL_PACE), _MACHINES_OPTION, machines, "--environments", str(environments)),
        *(("--blobs", blobs) if blobs else ()),
    )
    return tuple(child_python.module("tfinfra.localcloud.plugin", *options))


def _ensure_same_daemon(endpoint: Endpoint, azurite: Path | None) -> None:
    """Starts the daemon again where it has died. Raises ProvisioningError where its folder was removed: a cloud that is
    made anew knows nothing of what the old one held."""
    from tfinfra.localcloud.daemon.daemon_client import ensure_daemon

    layout = endpoint.layout
    if not layout.ca.exists() or ensure_daemon(layout, azurite).url != endpoint.url:
        raise ProvisioningError(f"the local cloud is gone: {layout.root} was removed, and all that it held with it")


def paper_cloud(target: Target) -> Cloud:
    """The target's cloud as far as previews need one: nobody is asked, no credential is used, nothing can be made."""

    def nobody() -> TokenCredential:
        raise CredentialsError("a preview asks the cloud for nothing")

    command = child_python.module("tfinfra.localcloud.plugin", "--on-paper")
    return Cloud(
        name=target.cloud,
        subscription_id=target.subscription_id or _NOBODY,
        tenant_id=_NOBODY,
        owner=user_name(),
        arm_endpoint=PUBLIC.arm,
        token_scope=PUBLIC.scope,
        ca_file=None,
        credential=nobody,
        provider_command=tuple(command),
        environment_cache=None,
        node_platform=AZURE_NODES,
        timeouts=AZURE_TIMEOUTS,
        ensure=do_nothing,
    )


def possible_machines(wanted: str | None) -> str:
    """The kind of machines that the local cloud boots: `wanted`, else the best that is possible here.

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
    why = "; ".join(f"{kind}: {reason}" for kind, reason in reasons.items())
    raise NotFeasible(f"this machine cannot boot any machines: {why}")


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
    return command[command.index(_MACHINES_OPTION) + 1] if _MACHINES_OPTION in command else None


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
    require_run_packages()
    endpoint, ca_file = _arm()
    described = environment_at(endpoint, ca_file)
    own = replace(PUBLIC, arm=endpoint, audience=endpoint)
    environment = described if isinstance(described, Environment) else own
    credential = azure_credential(environment, ca_file)
    claims = caller_claims(credential, environment.scope)
    return Cloud(
        name="azure",
        subscription_id=subscription,
        tenant_id=str(claims.get("tid", "")),
        owner=str(claims.get("upn") or claims.get("unique_name") or claims.get("appid") or claims.get("oid")),
        arm_endpoint=endpoint,
        token_scope=environment.scope,
        ca_file=ca_file,
        credential=lambda: credential,
        provider_command=None,
        environment_cache=None,
        node_platform=AZURE_NODES,
        timeouts=AZURE_TIMEOUTS,
        ensure=do_nothing,
        preflight=True,
        principal_id=str(claims.get("oid", "")),
        principal_type=principal_type(claims),
        storage_suffix=environment.storage_suffix,
        provider_settings=provider_settings(environment, credential),
        stack_endpoint=None if endpoint == PUBLIC.arm else endpoint,
        arm_audience=environment.own_audience,
        pace=_azure_pace(),
        attestation=azure_attestation(environment),
    )


def azure_attestation(environment: Environment) -> Trust | None:
    """Who signs for the machines of an Azure cloud: Azure's roots on its own clouds, a file of CAs that
    TFINFRA_ATTESTATION names at an ARM of the user's own (one that azure-native has no name for), nobody (None) where
    it is "off". Raises NotFeasible for any other value."""
    from tfinfra.azure.identity.issuers import azure_trust

    value = os.environ.get(ATTESTATION)
    if not value:
        return azure_trust()
    if value == "off":
        return None
    if environment.name is not None:
        raise NotFeasible(f"{ATTESTATION} is '{value}'", hint="on Azure's own clouds it is 'off' or not set")
    try:
        return replace(azure_trust(), roots=Path(value).read_bytes(), signers=re.compile(r"metadata\..+"), fetch=None)
    except OSError as error:
        raise NotFeasible(f"{ATTESTATION} names a file of CAs that cannot be read: {error}") from error


def _azure_pace() -> Pace:
    """Azure's own pace, or the part of it that TFINFRA_ARM_PACE says. Raises NotFeasible for what is no part."""
    value = os.environ.get(_ARM_PACE) or "1"
    try:
        part = float(value)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        hint = "a number above 0, at most 1: 0.05 asks twenty times as often"
        raise NotFeasible(f"{_ARM_PACE} is '{value}'", hint)
    return Pace().times(part)


def provider_settings(environment: Environment, credential: TokenCredential) -> tuple[tuple[str, str], ...]:
    """How azure-native finds the same ARM by the same way in as this process: its own default is another chain
    (pulumi/pulumi-azure-native, provider/pkg/provider/auth_azidentity.go; #3294). An application that others vouch for
    it takes by a URL that gives assertions, which the engine serves."""
    chain: tuple[tuple[str, str], ...] = (("useDefaultAzureCredential", "true"),)
    if isinstance(credential, FederatedCredential):
        chain = ((BY_ASSERTION, "true"), ("clientId", credential.federation.client))
    if environment.name is not None:
        return *chain, ("environment", environment.name)
    # An authority that Entra's public directory of clouds does not list
    return *chain, ("metadataHost", urlsplit(environment.arm).netloc), ("disableInstanceDiscovery", "true")


def cloud_to_provision(target: Target, rehearse: bool, machines: str | None, store: str | None) -> Cloud:
    """The cloud that a new run goes to. Raises CredentialsError for tokens in files, and NotFeasible for an endpoint
    that does not describe itself, before anything is asked for a token: Pulumi's provider can take neither."""
    if not rehearse and target.cloud != "local":
        _check_provider_can_sign_in()
    return cloud_for(target, rehearse, machines, store)


@turned_to("azure")
def _check_provider_can_sign_in() -> None:
    if os.environ.get(ARM_TOKEN_FILE):
        message = f"{ARM_TOKEN_FILE} names a token that Pulumi's azure-native provider cannot take"
        hint = f"with it runs are listed, fetched and ended; to begin one, unset it and sign in: {SIGN_IN}"
        raise CredentialsError(message, hint=hint)
    described = environment_at(*_arm())
    if isinstance(described, Undescribed):
        if described.silent:
            message = f"no answer from {described.arm}, which {_ARM_ENDPOINT} names: {described.why}"
            hint = f"is it the right address, is there a way to it (HTTPS_PROXY), and is its certificate {_ARM_CA}'s?"
            raise NotFeasible(message, hint=hint)
        message = f"{_ARM_ENDPOINT} is {described.arm}, which does not say what cloud it is: {described.why}"
        hint = "Pulumi's provider asks it for /metadata/endpoints too; runs there can be listed, fetched and ended"
        raise NotFeasible(message, hint=hint)


def _arm() -> tuple[str, Path | None]:
    """ARM's endpoint, without a trailing slash, and the file of the CA that vouches for it."""
    endpoint = (os.environ.get(_ARM_ENDPOINT) or PUBLIC.arm).rstrip("/")
    return endpoint, Path(os.environ[_ARM_CA]) if os.environ.get(_ARM_CA) else None
