"""What a run tells its stacks and its nodes: pure functions of its record and the keep stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.record import RunRecord
from tfinfra.model import NodeSettings, to_json

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def run_id(name: str, letters: str) -> str:
    """ "<name>-<6 characters>"; `letters` is random text over ALPHABET."""
    return f"{name}-{letters}"


def group_name(run: str, part: str) -> str:
    return f"tfinfra-{run}-{part}"


def stack_of_group(group: str) -> str:
    """The stack that made a group: it is named as the group, without tfinfra's own prefix."""
    return group.removeprefix("tfinfra-")


def store_url(keep: Mapping[str, Any]) -> str:
    """The run's container, below the storage account's blob endpoint."""
    store = keep["store"]
    return _join(store["endpoint"], store["container"])


def shared_url(keep: Mapping[str, Any]) -> str | None:
    """The share that all tasks see as one directory, None where the plan needs none."""
    shared = keep.get("shared")
    return _join(shared["endpoint"], shared["share"]) if shared else None


def _join(endpoint: str, part: str) -> str:
    return f"{endpoint.rstrip('/')}/{quote(part)}"


def stack_config(record: RunRecord, part: str) -> dict[str, str]:
    """The configuration that both stacks take."""
    keep = part == "keep"
    return {
        "group": record.keep_group if keep else record.compute_group,
        "run": record.run,
        "owner": record.owner,
        "expiresAt": record.keep_until if keep else record.deadline,
        "attempt": "0",
    }


def node_settings(
    record: RunRecord, cloud: Cloud, keep: Mapping[str, Any], bundle_key: str, bundle_sha256: str
) -> NodeSettings:
    """/etc/tfinfra/settings.json of every node of the run."""
    group = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{record.compute_group}"
    return NodeSettings(
        run=record.run,
        store=store_url(keep),
        shared=shared_url(keep),
        bundle=bundle_key,
        bundle_sha256=bundle_sha256,
        identity_client_id=keep["identityClientId"],
        arm_endpoint=cloud.arm_endpoint,
        arm_ca=cloud.ca_file.read_text() if cloud.ca_file else None,
        compute_group_id=group,
        deadline=record.deadline,
        timeouts=cloud.timeouts,
    )


def compute_config(record: RunRecord, keep: Mapping[str, Any], settings: NodeSettings) -> dict[str, str]:
    """The compute stack's configuration: the common one, the nodes' identity and their settings."""
    return {
        **stack_config(record, "compute"),
        "identityId": keep["identityId"],
        "nodeSettings": json.dumps(to_json(settings)),
    }
