"""What a run tells its stacks and its nodes: pure functions of its record and the keep stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.cloud import Cloud
from tfinfra.lifecycle.record.names import (
    attempt_url,
    choice_of,
    identity_client_id,
    requests_in_attempt,
    shared_url,
    store_url,
)
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.model import Locked, NodeSettings, to_json
from tfinfra.sealing import digest_of
from tfinfra.store import keys

_NO_BUNDLE = "0" * 64
NO_ROLE = "none"  # as stacks/run.py reads it


@dataclass(frozen=True)
class Asked:
    """What nodes may be asked while they live: by the owner of the public `key`; `execs`: commands too."""

    key: str
    execs: bool


def stack_config(record: RunRecord, part: str, prerequisites: Prerequisites, cloud: Cloud) -> dict[str, str]:
    """The configuration that both stacks take."""
    keep = part == "keep"
    role = prerequisites.deleter_role if prerequisites.may_delete else NO_ROLE
    elsewhere: dict[str, str] = {}  # where ARM and the storage accounts are, where that is not Azure's public cloud
    if cloud.stack_endpoint is not None:
        elsewhere = {"armEndpoint": cloud.stack_endpoint, "storageSuffix": cloud.storage_suffix}
        elsewhere |= {"armAudience": cloud.arm_audience} if cloud.arm_audience else {}
    return {
        "run": record.run,
        "owner": record.owner,
        "expiresAt": record.keep_until if keep else record.deadline,
        "deadline": record.latest or record.deadline,
        "principalType": cloud.principal_type,
        **({"deleterRole": role} if role else {}),
        **elsewhere,
    }


def node_settings(
    record: RunRecord,
    cloud: Cloud,
    keep: Mapping[str, Any],
    prerequisites: Prerequisites,
    *,
    bundle: tuple[str, str],
    key: str | None = None,
    locked: Locked | None = None,
    asked: Asked | None = None,
) -> NodeSettings:
    """/etc/tfinfra/settings.json of every node of the run. `bundle` is its key in the store and its SHA-256, `key` the
    run's own, of which the nodes are told the digest here; `locked` is what its lock says of them, `asked` what they
    may be asked, None for nothing."""
    group = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{record.compute_group}"
    requests = requests_in_attempt(record) if asked else None
    return NodeSettings(
        run=record.run,
        store=attempt_url(store_url(keep, prerequisites, record.run), choice_of(record.compute_group, record.run)),
        shared=shared_url(keep),
        bundle=bundle[0],
        bundle_sha256=bundle[1],
        identity_client_id=identity_client_id(keep, prerequisites),
        arm_endpoint=cloud.arm_endpoint,
        arm_ca=cloud.ca_file.read_text("utf-8") if cloud.ca_file else None,
        compute_group_id=group,
        deadline=record.deadline,
        timeouts=cloud.timeouts,
        limit=record.limit,
        run_seconds=record.run_seconds,
        arm_audience=cloud.arm_audience,
        key_digest=digest_of(key) if key else None,
        may_delete=prerequisites.identity_client_id is None,
        locked=locked,
        requests=requests,
        requests_key=asked.key if asked and requests else None,
        execs=asked is not None and asked.execs,
        latest=record.latest,
    )


def compute_config(
    record: RunRecord, keep: Mapping[str, Any], prerequisites: Prerequisites, cloud: Cloud, settings: NodeSettings
) -> dict[str, str]:
    """The compute stack's configuration: the common one, the place that is tried, who may delete it, the nodes'
    settings."""
    timer = keep.get("timerIdentityId")
    return {
        **stack_config(record, "compute", prerequisites, cloud),
        "choice": str(choice_of(record.compute_group, record.run)),
        "identityId": keep["identityId"],
        **({"timerIdentityId": timer} if timer else {}),
        "nodeSettings": json.dumps(to_json(settings)),
    }


def config_without_bundle(
    record: RunRecord, keep: Mapping[str, Any], prerequisites: Prerequisites, cloud: Cloud
) -> dict[str, str]:
    """The compute stack's configuration where nothing is made of it: with a digest that no bundle has."""
    bundle = (keys.bundle_key(_NO_BUNDLE), _NO_BUNDLE)
    settings = node_settings(record, cloud, keep, prerequisites, bundle=bundle)
    return compute_config(record, keep, prerequisites, cloud, settings)
