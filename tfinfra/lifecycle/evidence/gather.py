"""What there is to be evidence, read from where it lies: the run's store, its folder on this machine, its files at
home. What cannot be read is named, and costs nothing else its place."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tfinfra.auditing.baseline import SUFFIX, PartBaseline
from tfinfra.cloud import Trust
from tfinfra.evidence.material import NodeFiles, Origin
from tfinfra.evidence.names import DEPLOY, LOGS, SUBJECTS
from tfinfra.evidence.packages import unread_packages
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.evidence.attested_chain import Chains
from tfinfra.lifecycle.evidence.origin import read_origin
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.model import AFTER, BEFORE, Inventory, NodeEvidence, NodeRegistration, TaskStatus, Unfit, decode, to_json
from tfinfra.sealing import NotAttested
from tfinfra.store import LARGE, ObjectStore, Unreadable, content, keys, read_all, read_file, readable
from tfinfra.store.landing import shown, unplaceable
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.strange_trees import names_below

_AT_ONCE = 8
_STATE = ".state.json"


@dataclass(frozen=True)
class FromStore:
    """What goes with the run's store, but that its client may have noted the origin on its own machine too."""

    nodes: tuple[NodeFiles, ...] = ()
    origin: Origin | None = None
    missing: tuple[str, ...] = ()


def without_store(folder: RunFolder) -> FromStore:
    """Of a run whose store was never there, or did not answer."""
    unread = "what the nodes said of themselves: the run's store was not read"
    return _with_origin((), [unread], read_origin(folder, None))


def _with_origin(nodes: tuple[NodeFiles, ...], missing: list[str], origin: Origin | str) -> FromStore:
    if isinstance(origin, str):
        return FromStore(nodes, None, (*missing, origin))
    odd = unplaceable(origin.deploy)
    missing = [*missing, *(f"{DEPLOY}/{shown(name)}: {why}" for name, why in sorted(odd.items()))]
    origin = replace(origin, deploy={name: text for name, text in origin.deploy.items() if name not in odd})
    unread = unread_packages(origin)
    return FromStore(nodes, origin, (*missing, unread) if unread else tuple(missing))


def from_store(store: ObjectStore, folder: RunFolder, trust: Trust | None) -> FromStore:
    """`trust` is the cloud's. Raises what the store raises where it does not answer, and nothing for what lies in
    it."""
    origin, missing = read_origin(folder, store), list[str]()
    inventory = readable(store, keys.INVENTORY, Inventory, LARGE)
    tasks, _ = read_all(store, keys.TASKS, TaskStatus, lambda status: keys.task_key(status.task))
    if inventory is None:
        missing.append("the nodes: no inventory can be read")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        numbered = enumerate(inventory.nodes if inventory else ())
        found = tuple(pool.map(lambda one: _node(store, one[0], one[1], tasks), numbered))
    missing += [f"the evidence of node {node.node}: {why}" for node, why in found if why is not None]
    nodes = tuple(_chained((node for node, _ in found), Chains(trust), missing.append))
    return _with_origin(nodes, missing, origin)


def _node(
    store: ObjectStore, rank: int, node: NodeRegistration, tasks: list[TaskStatus]
) -> tuple[NodeFiles, str | None]:
    """The node, and why there is no evidence of it, None where there is."""
    before = content(store, keys.attested_key(node.node_id, BEFORE))
    data = content(store, keys.evidence_key(node.node_id))
    said = _evidence(data)
    files = NodeFiles(
        node=rank,
        registration=to_json(node),
        tasks=tuple(to_json(status) for status in sorted(tasks, key=lambda s: s.task) if status.node == rank),
        evidence=None if isinstance(said, str) else said,
        unfit=data if isinstance(said, str) else None,
        attested=before if before is not None else _registered(node.attested),
        attested_after=content(store, keys.attested_key(node.node_id, AFTER)),
    )
    return files, said if isinstance(said, str) else None


def _chained(nodes: Iterable[NodeFiles], chains: Chains, tell: Callable[[str], None]) -> Iterator[NodeFiles]:
    """The nodes with the certificates of their attested documents; `tell` hears of one that proves nothing, which costs
    the other nothing."""
    for node in nodes:
        found: list[bytes] = []
        for when, document in ((BEFORE, node.attested), (AFTER, node.attested_after)):
            try:
                found += chains.of(document, _asked(node.evidence, when)) if document else ()
            except NotAttested as error:
                tell(f"the certificates of node {node.node}, {when} its tasks: {error}")
        yield replace(node, chain=tuple(dict.fromkeys(found)))


def _asked(evidence: Mapping[str, Any] | None, when: str) -> datetime | None:
    """When a node asked for that document, by its own record."""
    listed = evidence.get("attested") if evidence else None
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and each.get("when") == when:
            try:
                return datetime.fromtimestamp(each["asked"], timezone.utc)
            except (KeyError, TypeError, ValueError, OverflowError, OSError):
                return None
    return None


def _registered(attested: str | None) -> bytes | None:
    """The attested document that a node registered with."""
    try:
        return base64.b64decode(attested, validate=True) if attested else None
    except (binascii.Error, ValueError):
        return None


def _evidence(data: bytes | None) -> dict[str, Any] | str:
    """NodeEvidence as JSON, or why it is none: whoever trains on the node can write anything there."""
    if data is None:
        return "it wrote none"
    try:
        said: dict[str, Any] = to_json(decode(NodeEvidence, data))
    except Unfit as error:
        return str(error)
    return said


@dataclass
class Digests:
    """Of files at home, each read once for each size and time of change."""

    _known: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def below(self, results: Path, folders: tuple[str, ...], tell: Callable[[str], None]) -> dict[str, str]:
        """{name in `results`: digest} of the plain files in these folders of it; `tell` hears of what cannot be
        read."""
        names = [f"{folder}/{name}" for folder in folders for name in _plain_names(results, folder, tell)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = zip(names, pool.map(lambda name: self._of(results, name), names), strict=True)
            for name, digest in (pairs := list(found)):
                if digest is None:
                    tell(f"{name}: it cannot be read")
        return {name: digest for name, digest in pairs if digest is not None}

    def _of(self, results: Path, name: str) -> str | None:
        try:
            status = (results / name).stat(follow_symlinks=False)
            key = (name, status.st_size, status.st_mtime_ns)
            if key not in self._known:
                self._known[key] = sha256_of(results / name)
            return self._known[key]
        except OSError:
            return None


def _plain_names(results: Path, folder: str, tell: Callable[[str], None]) -> Iterator[str]:
    """No link is followed, the folder itself included."""
    if (results / folder).is_symlink():
        tell(f"{folder}: it is a link")
        return
    for name in names_below(results / folder, tell=lambda name, error: tell(f"{folder}/{name}: {error.strerror}")):
        if not (results / folder / name).is_symlink():
            yield name


def made_and_logs(
    results: Path, digests: Digests, tell: Callable[[str], None]
) -> tuple[dict[str, str], dict[str, str]]:
    """The digests of what the run made, and of its logs."""
    return digests.below(results, SUBJECTS, tell), digests.below(results, LOGS, tell)


def ledger(record: RunRecord, now: float) -> dict[str, Any]:
    return {
        "deadline": record.deadline,
        "limit": record.limit,
        "max_cost_usd": record.max_cost_usd,
        "usd_per_hour": record.usd_per_hour,
        "usd": round(record.ledger.usd(now), 4),
        "attempts": to_json(record.attempts),
        "intervals": to_json(record.ledger.intervals),
        "on": record.on,
        "uses": to_json(record.ledger.uses),
    }


def stacks(folder: RunFolder) -> dict[str, Any]:
    """What Pulumi made, by the states that were exported: without settings and outputs, which may hold secrets."""
    found: dict[str, Any] = {}
    for path in sorted(folder.audit_folder.glob(f"*{_STATE}")) if folder.audit_folder.is_dir() else ():
        try:
            data = path.read_bytes()
            resources = _resources(json.loads(data))
        except (OSError, ValueError, RecursionError) as error:
            found[path.name.removesuffix(_STATE)] = {"unreadable": type(error).__name__}
            continue
        found[path.name.removesuffix(_STATE)] = {"sha256": sha256(data), "resources": resources}
    return found


def _resources(state: Any) -> list[dict[str, Any]]:
    deployment = state.get("deployment") if isinstance(state, Mapping) else None
    resources = deployment.get("resources") if isinstance(deployment, Mapping) else None
    return [
        {name: resource[name] for name in ("urn", "type", "id", "parent") if name in resource}
        for resource in resources or ()
        if isinstance(resource, Mapping)
    ]


def baseline(folder: RunFolder) -> dict[str, Any] | None:
    """What ARM had of the run's resources right after they were made, by part; None where this machine has none."""
    found: dict[str, Any] = {}
    for path in sorted(folder.audit_folder.glob(f"*{SUFFIX}")) if folder.audit_folder.is_dir() else ():
        read = read_file(path, PartBaseline)
        unreadable = read is None or isinstance(read, Unreadable)
        found[path.name.removesuffix(SUFFIX)] = {"unreadable": str(read)} if unreadable else to_json(read)
    return found or None


def journal(folder: RunFolder) -> bytes | None:
    """The entries of a tune's journal, one a line, as this machine has them; None of a run that is no tune."""
    paths = sorted((folder.path / keys.JOURNAL).glob("*.json"))
    return b"".join(path.read_bytes().replace(b"\n", b" ") + b"\n" for path in paths) if paths else None


def events(folder: RunFolder) -> bytes | None:
    """The event log as it is now, None where this machine has none."""
    try:
        return folder.audit.path.read_bytes()
    except OSError:
        return None
