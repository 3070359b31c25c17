"""What a run tells its stacks and its nodes: pure functions of its record and the keep stack's outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.record import RunRecord
from tfinfra.model import NodeSettings, to_json

RUN_ID = re.compile(r"[a-z][a-z0-9-]{0,23}-[a-z0-9]{6}")
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def run_id(name: str, letters: str) -> str:
    """ "<name>-<6 characters>"; `letters` is random text over ALPHABET."""
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


def run_of_group(group: str) -> str:
    """The run whose group this is."""
    return re.sub(r"-(keep|compute(-[0-9]+)?)$", "", group.removeprefix("tfinfra-"))


def store_url(keep: Mapping[str, Any]) -> str:
    """The run's container, below the storage account's blob endpoint."""
    store = keep["store"]
    return _join(store["endpoint"], store["container"])


def attempt_url(url: str, choice: int) -> str:
    """Where one attempt and its client meet, in the store at `url`: nodes of an attempt that failed may live on until
    their group is deleted, and must not be taken for those of the next."""
    return _join(url, f"attempt-{choice}") if choice else url


def record_store(record: RunRecord) -> str | None:
    """The store of the run's newest attempt, None where the run has no store yet."""
    return attempt_url(record.store, choice_of(record.compute_group, record.run)) if record.store else None


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
        "attempt": "0" if keep else str(choice_of(record.compute_group, record.run)),
    }


def node_settings(
    record: RunRecord, cloud: Cloud, keep: Mapping[str, Any], bundle_key: str, bundle_sha256: str
) -> NodeSettings:
    """/etc/tfinfra/settings.json of every node of the run."""
    group = f"/subscriptions/{cloud.subscription_id}/resourceGroups/{record.compute_group}"
    return NodeSettings(
        run=record.run,
        store=attempt_url(store_url(keep), choice_of(record.compute_group, record.run)),
        shared=shared_url(keep),
        bundle=bundle_key,
        bundle_sha256=bundle_sha256,
        identity_client_id=keep["identityClientId"],
        arm_endpoint=cloud.arm_endpoint,
        arm_ca=cloud.ca_file.read_text() if cloud.ca_file else None,
        compute_group_id=group,
        deadline=record.deadline,
        timeouts=cloud.timeouts,
        limit=record.limit,
        run_seconds=record.run_seconds,
    )


def compute_config(record: RunRecord, keep: Mapping[str, Any], settings: NodeSettings) -> dict[str, str]:
    """The compute stack's configuration: the common one, the place that is tried, the nodes' identity and settings."""
    return {
        **stack_config(record, "compute"),
        "choice": str(choice_of(record.compute_group, record.run)),
        "identityId": keep["identityId"],
        "nodeSettings": json.dumps(to_json(settings)),
    }
