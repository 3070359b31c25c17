"""What a run tells its stacks and its nodes: pure functions of its record and the keep stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tfinfra.azure.standing import Standing
from tfinfra.cloud import Cloud
from tfinfra.lifecycle.record import RunRecord
from tfinfra.model import NodeSettings, to_json
from tfinfra.sealing import digest_of

NO_ROLE = "none"  # as stacks/run.py reads it


def run_id(name: str, letters: str) -> str:
    """ "<name>-<6 characters>"; `letters` is random text over letters.ALPHABET."""
    return f"{name}-{letters}"


def group_name(run: str, part: str) -> str:
    return f"tfinfra-{run}-{part}"


def compute_part(choice: int) -> str:
    """The part of a run that makes the nodes by the plan's choice of that number: "compute", "compute-1", …"""
    return f"compute-{choice}" if choice else "compute"


def part_of(group: str, run: str) -> str:
    """The part of `run` whose group this is: the inverse of `group_name`."""
    return group.removeprefix(group_name(run, ""))


def choice_of(group: str, run: str) -> int:
    """The number of the plan's choice that a compute group was made by: the inverse of `compute_part`."""
    return int(part_of(group, run).removeprefix("compute").removeprefix("-") or 0)


def stack_of_group(group: str) -> str:
    """The stack that made a group: it is named as the group, without tfinfra's own prefix."""
    return group.removeprefix("tfinfra-")


def store_url(keep: Mapping[str, Any], standing: Standing, run: str) -> str:
    """The run's container, below the storage account's blob endpoint; or its folder in the container of others."""
    if standing.store_url:
        return _join(standing.store_url, run)
    store = keep["store"]
    return _join(store["endpoint"], store["container"])


def attempt_url(url: str, choice: int) -> str:
    """Where one attempt and its client meet, in the store at `url`: nodes of an attempt that failed may live on until
    their group is deleted, and must not be taken for those of the next."""
    return _join(url, f"attempt-{choice}") if choice else url


def record_store(record: RunRecord) -> str | None:
    """The store of the run's newest attempt, None where the run has no store yet."""
    return attempt_url(record.store, choice_of(record.compute_group, record.run)) if record.store else None


def inputs_url(keep: Mapping[str, Any], standing: Standing, run: str) -> str:
    """Where local inputs go: the container of others, where the run uses one (they stay there for later runs), else the
    run's store, with which they go."""
    return standing.store_url or store_url(keep, standing, run)


def identity_client_id(keep: Mapping[str, Any], standing: Standing) -> str:
    """The nodes' identity as tokens name it: that of others, or the run's own."""
    return str(standing.identity_client_id or keep["identityClientId"])


def shared_url(keep: Mapping[str, Any]) -> str | None:
    """The share that all tasks see as one directory, None where the plan needs none."""
    shared = keep.get("shared")
    return _join(shared["endpoint"], shared["share"]) if shared else None


def _join(endpoint: str, part: str) -> str:
    return f"{endpoint.rstrip('/')}/{quote(part)}"


def stack_config(record: RunRecord, part: str, standing: Standing, cloud: Cloud) -> dict[str, str]:
    """The configuration that both stacks take."""
    keep = part == "keep"
    role = standing.deleter_role if standing.may_delete else NO_ROLE
    return {
        "group": record.keep_group if keep else record.compute_group,
        "run": record.run,
        "owner": record.owner,
        "expiresAt": record.keep_until if keep else record.deadline,
        "deadline": record.deadline,
        "attempt": "0" if keep else str(choice_of(record.compute_group, record.run)),
        "principalType": cloud.principal_type,
        **({"deleterRole": role} if role else {}),
        **_elsewhere(cloud),
    }


def _elsewhere(cloud: Cloud) -> dict[str, str]:
    """Where ARM and the storage accounts are, as far as that is not Azure's public cloud."""
    if cloud.stack_endpoint is None:
        return {}
    audience = {"armAudience": cloud.arm_audience} if cloud.arm_audience else {}
    return {"armEndpoint": cloud.stack_endpoint, "storageSuffix": cloud.storage_suffix, **audience}


def node_settings(
    record: RunRecord,
    cloud: Cloud,
    keep: Mapping[str, Any],
    standing: Standing,
    *,
    bundle: tuple[str, str],
    key: str | None = None,
) -> NodeSettings:
    """/etc/tfinfra/settings.json of every node of the run. `bundle` is its key in the store and its SHA-256, `key` the
    run's own, of which the nodes are told the digest here."""
    group = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{record.compute_group}"
    return NodeSettings(
        run=record.run,
        store=attempt_url(store_url(keep, standing, record.run), choice_of(record.compute_group, record.run)),
        shared=shared_url(keep),
        bundle=bundle[0],
        bundle_sha256=bundle[1],
        identity_client_id=identity_client_id(keep, standing),
        arm_endpoint=cloud.arm_endpoint,
        arm_ca=cloud.ca_file.read_text("utf-8") if cloud.ca_file else None,
        compute_group_id=group,
        deadline=record.deadline,
        timeouts=cloud.timeouts,
        limit=record.limit,
        run_seconds=record.run_seconds,
        arm_audience=cloud.arm_audience,
        key_digest=digest_of(key) if key else None,
        may_delete=standing.identity_client_id is None,
    )


def compute_config(
    record: RunRecord, keep: Mapping[str, Any], standing: Standing, cloud: Cloud, settings: NodeSettings
) -> dict[str, str]:
    """The compute stack's configuration: the common one, the place that is tried, who may delete it, the nodes'
    settings."""
    timer = keep.get("timerIdentityId")
    return {
        **stack_config(record, "compute", standing, cloud),
        "choice": str(choice_of(record.compute_group, record.run)),
        "identityId": keep["identityId"],
        **({"timerIdentityId": timer} if timer else {}),
        "nodeSettings": json.dumps(to_json(settings)),
    }
