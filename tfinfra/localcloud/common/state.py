"""The resources of the local cloud, in memory and on disk: one file each, so that a kill -9 loses nothing.

A group is a folder that holds its resources, its storage and its machines; it ends by one rename into the trash.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.state_files import own_folder, read_value, write_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.system.strange_trees import remove_tree


@dataclass(frozen=True)
class ArmResource:
    """A resource: `body` is what ARM answers, `internal` what it keeps to itself (custom data, what was booted)."""

    id: str
    type: str
    api_version: str
    body: dict[str, Any]
    internal: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> ids.Address:
        return ids.parse(self.id)

    @property
    def name(self) -> str:
        return str(self.body.get("name", ""))

    @property
    def properties(self) -> dict[str, Any]:
        found = self.body.get("properties")
        return found if isinstance(found, dict) else {}

    @property
    def tags(self) -> dict[str, str]:
        return self.body.get("tags") or {}

    @property
    def provisioning_state(self) -> str:
        return str(self.properties.get("provisioningState", "Succeeded"))

    def with_properties(self, **changes: Any) -> ArmResource:
        body = {**self.body, "properties": {**self.properties, **changes}}
        return ArmResource(self.id, self.type, self.api_version, body, self.internal)

    def with_internal(self, **changes: Any) -> ArmResource:
        return ArmResource(self.id, self.type, self.api_version, self.body, {**self.internal, **changes})


class State:
    """All resources by id. Only the daemon's event loop calls it; every change is on disk when the call returns.
    `noted` is called for each one, with what had its id before."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.noted: Callable[[str, ArmResource | None], None] = lambda _id, _before: None
        self._resources: dict[str, ArmResource] = {}
        for folder in (layout.groups, layout.subscription, layout.trash):
            own_folder(folder)
        # folders of no group: a writer into a store made of files may still write a moment after the store's deletion
        for folder in list(layout.groups.iterdir()):
            if not (folder / "resources").is_dir():
                self.discard(folder)
        for path in (*layout.groups.glob("*/resources/*.json"), *layout.subscription.glob("*.json")):
            resource = read_value(path, ArmResource)
            if resource is not None:
                self._resources[resource.id.lower()] = resource

    def get(self, id_: str) -> ArmResource | None:
        return self._resources.get(id_.lower())

    def group(self, name: str) -> ArmResource | None:
        return next((g for g in self.groups() if g.name.lower() == name.lower()), None)

    def groups(self) -> list[ArmResource]:
        return self.of_type(ids.GROUP_TYPE)

    def of_type(self, type_: str, scope: str = "") -> list[ArmResource]:
        """The resources of `type_` in `scope` (an id), in the order of their making."""
        return [r for r in self.below(scope) if r.type.lower() == type_.lower()]

    def below(self, scope: str) -> list[ArmResource]:
        """`scope` itself and all that lies in it."""
        return [r for r in self._resources.values() if ids.within(scope, r.id)]

    def put(self, resource: ArmResource) -> None:
        self.noted(resource.id, self.get(resource.id))
        self._resources[resource.id.lower()] = resource
        path = self._path(resource)
        own_folder(path.parent)
        write_json(path, asdict(resource))

    def remove(self, id_: str) -> None:
        """Forgets `id_` and what lies below it. A group's folder goes to the trash whole, in one step."""
        gone = [self._resources.pop(r.id.lower()) for r in self.below(id_)]
        for resource in gone:
            self.noted(resource.id, resource)
        groups = [r for r in gone if r.type.lower() == ids.GROUP_TYPE.lower()]
        for group in groups:
            self.discard(self.folder(group.name))
        for resource in gone if not groups else ():
            self._path(resource).unlink(missing_ok=True)

    def folder(self, group: str) -> Path:
        """The folder of a group: its storage accounts and machines are in it."""
        return self._layout.groups / group.lower()

    def discard(self, folder: Path) -> None:
        """Makes `folder` vanish at once; `empty_trash` frees its space."""
        if folder.exists():
            folder.rename(self._layout.trash / f"{folder.name}-{uuid.uuid4().hex[:8]}")

    def _path(self, resource: ArmResource) -> Path:
        address = resource.address
        base = self.folder(address.group) / "resources" if address.group else self._layout.subscription
        label = re.sub(r"[^\w.-]", "_", f"{resource.type.split('/')[-1]}-{resource.name}")[:80]
        return base / f"{label}-{hashlib.sha256(resource.id.lower().encode()).hexdigest()[:10]}.json"


def empty_trash(layout: Layout) -> Iterator[str]:
    """Deletes what was discarded; yields what could not be deleted, with the reason. Slow: call it in a thread."""
    for folder in list(layout.trash.iterdir()):
        try:
            remove_tree(folder)
        except OSError as error:
            yield f"{folder}: {error}"
