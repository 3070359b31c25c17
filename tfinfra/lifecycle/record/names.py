"""What a run's things are called: its id, groups, stacks and the places of its store. All derive from the id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tfinfra.azure.deletion.group_names import part_of_group, run_of_group
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.store.keys import further_run


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


def begun_compute_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The compute groups that were ever begun, one for each attempt; a record names no other run's. A run on another's
    nodes has none."""
    if record is not None and record.on:
        return ()
    begun = (*(attempt.group for attempt in record.attempts), record.compute_group) if record else ()
    own = [group for group in begun if run_of_group(group) == run and part_of_group(group) == "compute"]
    return tuple(dict.fromkeys(own or (group_name(run, "compute"),)))


def begun_groups(record: RunRecord | None, run: str) -> tuple[str, ...]:
    """The groups that were ever begun for a run, the keep group last: the others are what costs."""
    if record is not None and record.on:
        return ()
    return (*begun_compute_groups(record, run), group_name(run, "keep"))


def stack_of_group(group: str) -> str:
    """The stack that made a group: it is named as the group, without tfinfra's own prefix."""
    return group.removeprefix("tfinfra-")


def store_url(keep: Mapping[str, Any], prerequisites: Prerequisites, run: str) -> str:
    """The run's container, below the storage account's blob endpoint; or its folder in the container of others."""
    if prerequisites.store_url:
        return _join(prerequisites.store_url, run)
    store = keep["store"]
    return _join(store["endpoint"], store["container"])


def requests_url(keep: Mapping[str, Any]) -> str | None:
    """Where the client asks something of the run's nodes, and they may only read; None where tfinfra does not set their
    rights."""
    place = keep.get("requests")
    return _join(place["endpoint"], place["container"]) if place else None


def attempt_url(url: str, choice: int) -> str:
    """Where one attempt and its client meet, in the store at `url`: nodes of an attempt that failed may live on until
    their group is deleted, and must not be taken for those of the next."""
    return _join(url, f"attempt-{choice}") if choice else url


def requests_in_attempt(record: RunRecord) -> str | None:
    """Where the nodes of the run's newest attempt are asked something, None where they take nothing."""
    return attempt_url(record.requests, choice_of(record.compute_group, record.run)) if record.requests else None


def further_store(first: RunRecord, run: str) -> str:
    """The store of a run on the nodes of `first`, as these know it too. Raises ValueError where that has none."""
    url = record_store(first)
    if url is None:
        raise ValueError(f"{first.run} has no store")
    return _join(url, further_run(run))


def further_shared(first: RunRecord, run: str) -> str | None:
    """The folder of a run on the nodes of `first` in the share of that, None where it has no share."""
    return f"{first.shared}/{further_run(run)}" if first.shared else None


def record_store(record: RunRecord) -> str | None:
    """The store of the run's newest attempt, None where the run has no store yet."""
    if record.on:
        return record.store
    return attempt_url(record.store, choice_of(record.compute_group, record.run)) if record.store else None


def inputs_url(keep: Mapping[str, Any], prerequisites: Prerequisites, run: str) -> str:
    """Where local inputs go: the container of others, where the run uses one (they stay there for later runs), else the
    run's store, with which they go."""
    return prerequisites.store_url or store_url(keep, prerequisites, run)


def identity_client_id(keep: Mapping[str, Any], prerequisites: Prerequisites) -> str:
    """The nodes' identity as tokens name it: that of others, or the run's own."""
    return str(prerequisites.identity_client_id or keep["identityClientId"])


def shared_url(keep: Mapping[str, Any]) -> str | None:
    """The share that all tasks see as one directory, None where the plan needs none."""
    shared = keep.get("shared")
    return _join(shared["endpoint"], shared["share"]) if shared else None


def _join(endpoint: str, part: str) -> str:
    return f"{endpoint.rstrip('/')}/{quote(part)}"
