"""Hands the secrets over: sealed for the keys of the nodes that registered, once ARM itself has named those nodes as
machines of the run. A key under an id that ARM does not list gets nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from tfinfra import layout
from tfinfra.background import spawn
from tfinfra.clock import count
from tfinfra.errors import ProvisioningError, TfinfraError
from tfinfra.model import Inventory
from tfinfra.sealing import SealError, seal
from tfinfra.store import LARGE, ObjectStore, readable

AGAIN, LONGEST = 1.0, 30.0
"""Seconds until ARM is asked for the machines again, where it does not name all of them: twice as long each time."""


class Delivery:
    """Call `poll` a few times a second until `done`. `machines` gives the ids that ARM lists; it runs on a thread of
    its own. `timeout`: seconds that ARM may take to name all nodes of the inventory."""

    def __init__(
        self,
        secrets: Mapping[str, str],
        store: ObjectStore,
        machines: Callable[[], frozenset[str]],
        *,
        timeout: float,
        clock: Callable[[], float],
        told: Callable[[str], None],
    ) -> None:
        self.done = not secrets
        self._secrets = secrets
        self._store = store
        self._machines = machines
        self._timeout = timeout
        self._clock = clock
        self._told = told
        self._inventory: Inventory | None = None
        self._since = self._next = 0.0
        self._asked: Future[Any] | None = None
        self._pause = AGAIN

    def poll(self) -> None:
        """Raises ProvisioningError where a node has no key, or ARM does not know it in time."""
        if self.done or self._clock() < self._next:
            return
        if self._inventory is None:
            self._look_for_nodes()
        elif self._asked is None:
            self._asked = spawn(self._machines, "machines")
        elif self._asked.done():
            self._compare(self._inventory, self._asked)

    def _look_for_nodes(self) -> None:
        inventory = readable(self._store, layout.INVENTORY, Inventory, LARGE)
        if inventory is not None:
            self._inventory, self._since = inventory, self._clock()

    def _compare(self, inventory: Inventory, asked: Future[Any]) -> None:
        unknown = self._unknown(inventory, asked)
        if not unknown:
            self._hand_over(inventory)
        elif self._clock() - self._since > self._timeout:
            message = f"{unknown}: the secrets were handed to nobody"
            raise ProvisioningError(message, hint="look at who else may write into the run's storage account")
        self._asked, self._next = None, self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST)

    def _unknown(self, inventory: Inventory, asked: Future[Any]) -> str:
        """Why not all nodes are known, "" where they are."""
        error = asked.exception()
        if isinstance(error, TfinfraError):
            return error.message
        listed = {machine.lower() for machine in asked.result()}
        strangers = [node for node in inventory.nodes if node.node_id.lower() not in listed]
        names = ", ".join(f"{node.hostname} ({node.node_id})" for node in strangers)
        return f"ARM does not list {names}, which registered as {count(len(strangers), 'node')}" if strangers else ""

    def _hand_over(self, inventory: Inventory) -> None:
        keys = [node.public_key or "" for node in inventory.nodes]
        try:
            sealed = seal(self._secrets, keys)
        except SealError as error:
            raise ProvisioningError(f"a node registered without a usable key: {error}") from None
        self._store.put(layout.SECRETS, sealed)
        self.done = True
        self._told(f"{count(len(self._secrets), 'secret')} handed to {count(len(keys), 'node')}")
