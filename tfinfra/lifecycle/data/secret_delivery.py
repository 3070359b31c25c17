"""Hands the secrets and the run's key over: sealed for the keys of the nodes that registered, once ARM itself has named
those nodes as machines of the run, and each machine's attested document names its key. Any other key gets nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from tfinfra.errors import ProvisioningError, TfinfraError
from tfinfra.model import Inventory, NodeRegistration
from tfinfra.sealing import NotAttested, Sealed, SealError, seal
from tfinfra.store import LARGE, ObjectStore, readable
from tfinfra.store import keys as layout
from tfinfra.system.threads import spawn
from tfinfra.text.wording import count

HANDED_TO_NOBODY = "the run's key and secrets were handed to nobody"
OTHERS = "look at who else may write into the run's storage account"
UNPROVEN = f"{OTHERS}; for an ARM of your own, TFINFRA_ATTESTATION names a file of the CAs that sign for its machines"
AGAIN, LONGEST = 1.0, 30.0
"""Seconds until ARM is asked for the machines again, where it does not name all of them: twice as long each time."""


class Delivery:
    """Call `poll` a few times a second until `done`. `machines` gives the ids that ARM lists, `attest` raises
    NotAttested where a node's document does not name its key; both run on a thread of their own. `timeout`: seconds
    that all this may take, from the inventory on. `delivered` is called with the number of nodes in the end."""

    def __init__(
        self,
        sealed: Sealed,
        store: ObjectStore,
        machines: Callable[[], frozenset[str]],
        attest: Callable[[NodeRegistration], None],
        *,
        timeout: float,
        clock: Callable[[], float],
        delivered: Callable[[int], None],
    ) -> None:
        self.done = False
        self._sealed = sealed
        self._store = store
        self._machines = machines
        self._attest = attest
        self._timeout = timeout
        self._clock = clock
        self._delivered = delivered
        self._inventory: Inventory | None = None
        self._since = self._next = 0.0
        self._asked: Future[Any] | None = None
        self._pause = AGAIN

    def poll(self) -> None:
        """Raises ProvisioningError where a node has no key of its own, or ARM does not know it in time."""
        if self.done or self._clock() < self._next:
            return
        if self._inventory is None:
            self._inventory = readable(self._store, layout.INVENTORY, Inventory, LARGE)
            self._since = self._clock()
        elif self._asked is None:
            nodes = self._inventory.nodes
            self._asked = spawn(lambda: self._unknown(nodes), "machines")
        elif self._asked.done():
            self._compare(self._inventory, self._asked)

    def _compare(self, inventory: Inventory, asked: Future[Any]) -> None:
        error = asked.exception()
        if isinstance(error, NotAttested) and not error.passing:
            raise ProvisioningError(f"{error}: {HANDED_TO_NOBODY}", hint=UNPROVEN)
        if isinstance(error, (NotAttested, TfinfraError)):  # it may pass
            unknown = error.message if isinstance(error, TfinfraError) else str(error)
        else:
            unknown = asked.result()
        if not unknown:
            self._hand_over(inventory)
        elif self._clock() - self._since > self._timeout:
            raise ProvisioningError(f"{unknown}: {HANDED_TO_NOBODY}", hint=OTHERS)
        self._asked, self._next = None, self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST)

    def _unknown(self, nodes: Sequence[NodeRegistration]) -> str:
        """Which nodes ARM does not list, "" where it lists all. Raises what ARM raises, and NotAttested."""
        listed = {machine.lower() for machine in self._machines()}
        if strangers := [node for node in nodes if node.node_id.lower() not in listed]:
            names = ", ".join(map(_name, strangers))
            return f"ARM does not list {names}, which registered as {count(len(strangers), 'node')}"
        for node in nodes:
            try:
                self._attest(node)
            except NotAttested as error:
                raise NotAttested(f"{_name(node)} registered, and {error}", passing=error.passing) from error
        return ""

    def _hand_over(self, inventory: Inventory) -> None:
        keys = [node.public_key or "" for node in inventory.nodes]
        try:
            sealed = seal(self._sealed, keys)
        except SealError as error:
            raise ProvisioningError(f"a node registered without a usable key: {error}") from None
        self._store.put(layout.SECRETS, sealed)
        self.done = True
        self._delivered(len(keys))


def _name(node: NodeRegistration) -> str:
    return f"{node.hostname} ({node.node_id})"
