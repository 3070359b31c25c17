"""Long-running operations, their state and their end; on disk, so that a restart goes on with them."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any

from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_files import own_folder, read_value, write_json
from tfinfra.localcloud.common.state_folder import Layout

KEPT_SECONDS = 3600


@dataclass(frozen=True)
class Operation:
    """`verb` is "put" or "delete"; `status` InProgress, Succeeded or Failed; `error` {"status", "code", "message"} and
    more; `location` is the region of the resource."""

    id: str
    verb: str
    resource: str
    status: str
    begun: float
    error: dict[str, Any] | None = None
    location: str = ""

    def document(self) -> dict[str, Any]:
        """What Azure-AsyncOperation answers."""
        error = {"error": {k: self.error[k] for k in ("code", "message")}} if self.error else {}
        return {"name": self.id, "status": self.status, **error}


class Operations:
    def __init__(self, layout: Layout, now: float) -> None:
        self._folder = own_folder(layout.operations)
        self._known: dict[str, Operation] = {}
        for path in self._folder.glob("*.json"):
            operation = read_value(path, Operation)
            if operation is None or (operation.status != "InProgress" and operation.begun < now - KEPT_SECONDS):
                path.unlink()
            else:
                self._known[operation.id] = operation

    def begin(self, verb: str, resource: str, now: float, location: str = "") -> Operation:
        """A new operation, or the one that does the same already."""
        for operation in self.unfinished():
            if (operation.verb, operation.resource.lower()) == (verb, resource.lower()):
                return operation
        return self._save(Operation(str(uuid.uuid4()), verb, resource, "InProgress", now, location=location))

    def get(self, id_: str) -> Operation | None:
        return self._known.get(id_)

    def unfinished(self) -> list[Operation]:
        return [o for o in self._known.values() if o.status == "InProgress"]

    def finish(self, operation: Operation, error: ArmRefusal | None = None) -> Operation:
        if error is None:
            return self._save(replace(operation, status="Succeeded"))
        document = {"status": error.status, "code": error.code, "message": error.message, **error.more}
        return self._save(replace(operation, status="Failed", error=document))

    def _save(self, operation: Operation) -> Operation:
        self._known[operation.id] = operation
        write_json(self._folder / f"{operation.id}.json", asdict(operation))
        return operation
