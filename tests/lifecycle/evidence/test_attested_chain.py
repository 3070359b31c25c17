"""The certificates below a root that an attested document needs are kept, each fetched once; what proves nothing has
none."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.azure.identity.test_attested import SIGNERS, document, root_of, signed
from tests.lifecycle.fakes import World, succeeding
from tfinfra.cloud import Trust
from tfinfra.lifecycle.evidence.attested_chain import Chains
from tfinfra.lifecycle.evidence.gather import from_store
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.model import Inventory, NodeRegistration, to_json
from tfinfra.sealing import NotAttested
from tfinfra.store import keys


def test_a_document_whose_signer_is_just_below_the_root_needs_none() -> None:
    authority = trustme.CA()
    der = base64.b64decode(signed(authority, document()))
    assert Chains(Trust(root_of(authority), SIGNERS)).of((der, None)) == ()


def test_where_nobody_signs_for_machines_nothing_is_asked() -> None:
    assert Chains(None).of((b"anything",)) == ()


def test_what_proves_nothing_is_no_node_s_chain() -> None:
    with pytest.raises(NotAttested):
        Chains(Trust(root_of(trustme.CA()), SIGNERS)).of((b"\x30",))


def test_a_network_that_is_not_there_is_waited_for_once() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        raise OSError("no network")

    once = Chains(Trust(b"", SIGNERS, fetch)).fetch_once(fetch)
    for _ in range(3):
        with pytest.raises(OSError, match="no network"):
            once("http://issuer/between.cer")
    assert asked == ["http://issuer/between.cer"]


def test_each_certificate_between_is_fetched_once_and_kept_in_der() -> None:
    root, asked = trustme.CA(), list[str]()
    between = root.create_child_ca()
    der = x509.load_pem_x509_certificate(between.cert_pem.bytes()).public_bytes(Encoding.DER)

    def fetch(url: str) -> bytes:
        asked.append(url)
        return der

    once = Chains(Trust(root_of(root), SIGNERS)).fetch_once(fetch)
    assert [once("u"), once("u")] == [der, der] and asked == ["u"]


def test_a_node_whose_document_proves_nothing_is_evidence_all_the_same(tmp_path: Path) -> None:
    world, authority = World(tmp_path), trustme.CA()
    node = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 8, 0, "age1x", 0, "MHA3")
    succeeding(world.store)
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
    found = from_store(world.store, RunFolder(tmp_path), Trust(root_of(authority), SIGNERS))
    assert [(one.attested, one.chain) for one in found.nodes] == [(b"0p7", ())]
    assert any(
        text.startswith("the certificates of node 0: its attested document cannot be read") for text in found.missing
    )
    good = replace(node, attested=signed(authority, document()))
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((good,)))).encode())
    found = from_store(world.store, RunFolder(tmp_path), Trust(root_of(authority), SIGNERS))
    assert not any("certificates" in text for text in found.missing)
