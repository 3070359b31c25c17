"""Secrets go to nodes that registered and that ARM knows, and to nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.lifecycle.data.secret_delivery import Delivery
from tfinfra.model import Inventory, NodeRegistration, to_json
from tfinfra.sealing import NodeKey, NotAttested, Sealed, new_run_key
from tfinfra.store import MemoryStore
from tfinfra.store import keys as layout

SEALED = Sealed({"TOKEN": "a value"}, new_run_key())
Attest = Callable[[NodeRegistration], None]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def registered(*nodes: tuple[str, str | None]) -> MemoryStore:
    """A store with an inventory of (vmId, public key)."""
    rows = (NodeRegistration(i, f"host-{i}", "10.0.0.4", None, 2222, 2, 0, key) for i, key in nodes)
    store = MemoryStore()
    store.put(layout.INVENTORY, json.dumps(to_json(Inventory(tuple(rows)))).encode())
    return store


def delivery(
    store: MemoryStore, listed: Callable[[], frozenset[str]], clock: Clock, attest: Attest = lambda node: None
) -> Delivery:
    return Delivery(SEALED, store, listed, attest, timeout=30, clock=clock, delivered=lambda _: None)


def poll(made: Delivery, clock: Clock, rounds: int = 40) -> None:
    for _ in range(rounds):
        made.poll()
        clock.now += 1.1
        time.sleep(0.005)  # ARM is asked on a thread of its own


def test_what_is_handed_over_opens_on_every_node() -> None:
    keys, clock = [NodeKey(), NodeKey()], Clock()
    store = registered(("VM-1", keys[0].public), ("vm-2", keys[1].public))
    made = delivery(store, lambda: frozenset({"vm-1", "VM-2", "vm-3"}), clock)
    poll(made, clock, 10)
    assert made.done
    assert [key.open(store.objects[layout.SECRETS]) for key in keys] == [SEALED, SEALED]


def test_nothing_happens_before_the_nodes_have_met() -> None:
    store, clock = MemoryStore(), Clock()
    made = delivery(store, frozenset, clock)
    poll(made, clock)
    assert not made.done and store.objects == {}


def test_a_key_that_somebody_else_registered_gets_nothing() -> None:
    store, clock = registered(("vm-1", NodeKey().public), ("stranger", NodeKey().public)), Clock()
    made = delivery(store, lambda: frozenset({"vm-1", "vm-2"}), clock)
    with pytest.raises(ProvisioningError, match=r"does not list host-stranger \(stranger\).*handed to nobody"):
        poll(made, clock)
    assert layout.SECRETS not in store.objects


def test_arm_may_be_late_and_may_fail_for_a_while() -> None:
    store, clock = registered(("vm-1", NodeKey().public)), Clock()

    def listed() -> frozenset[str]:
        if clock.now < 8:
            raise CredentialsError("the token has expired")
        return frozenset({"vm-1"} if clock.now > 12 else ())

    made = delivery(store, listed, clock)
    poll(made, clock)
    assert made.done


def test_a_node_without_a_key_is_an_error_and_no_plain_text() -> None:
    store, clock = registered(("vm-1", None)), Clock()
    made = delivery(store, lambda: frozenset({"vm-1"}), clock)
    with pytest.raises(ProvisioningError, match="without a usable key"):
        poll(made, clock)
    assert not any(b"a value" in data for data in store.objects.values())


def test_a_key_that_the_machine_does_not_name_gets_nothing() -> None:
    store, clock = registered(("vm-1", NodeKey().public), ("vm-2", NodeKey().public)), Clock()

    def attest(node: NodeRegistration) -> None:
        if node.node_id == "vm-2":
            raise NotAttested("its attested document has another nonce")

    made = delivery(store, lambda: frozenset({"vm-1", "vm-2"}), clock, attest)
    with pytest.raises(
        ProvisioningError, match=r"host-vm-2 \(vm-2\) registered, and its .* another nonce.*to nobody"
    ) as caught:
        poll(made, clock)
    assert "TFINFRA_ATTESTATION names a file of the CAs" in str(caught.value.hint)
    assert layout.SECRETS not in store.objects and clock.now < 10


def test_what_keeps_a_document_from_being_checked_may_pass() -> None:
    store, clock = registered(("vm-1", NodeKey().public)), Clock()

    def attest(node: NodeRegistration) -> None:
        if clock.now < 8:
            raise NotAttested("the certificate that vouches for it cannot be fetched", passing=True)

    made = delivery(store, lambda: frozenset({"vm-1"}), clock, attest)
    poll(made, clock)
    assert made.done


def test_what_never_passes_is_told_in_the_end() -> None:
    store, clock = registered(("vm-1", NodeKey().public)), Clock()

    def attest(node: NodeRegistration) -> None:
        raise NotAttested("the certificate that vouches for it cannot be fetched", passing=True)

    with pytest.raises(ProvisioningError, match=r"cannot be fetched.*handed to nobody"):
        poll(delivery(store, lambda: frozenset({"vm-1"}), clock, attest), clock, 60)
