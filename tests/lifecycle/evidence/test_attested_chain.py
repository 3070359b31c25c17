"""The certificates below a root that an attested document needs are kept, each fetched once; what proves nothing has
none."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from urllib.error import URLError

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.azure.identity.test_attested import SIGNERS, document, root_of, signed, with_issuer_url
from tests.lifecycle.fakes import World, succeeding
from tests.store.test_records import EVIDENCE
from tfinfra.cloud import Trust
from tfinfra.lifecycle.evidence.attested_chain import Chains
from tfinfra.lifecycle.evidence.gather import from_store
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.model import Inventory, NodeRegistration, to_json
from tfinfra.sealing import NotAttested
from tfinfra.store import encode, keys


def test_a_document_whose_signer_is_just_below_the_root_needs_none() -> None:
    authority = trustme.CA()
    der = base64.b64decode(signed(authority, document()))
    assert Chains(Trust(root_of(authority), SIGNERS)).of(der, None) == ()


def test_where_nobody_signs_for_machines_nothing_is_asked() -> None:
    assert Chains(None).of(b"anything", None) == ()


def test_what_proves_nothing_is_no_node_s_chain() -> None:
    with pytest.raises(NotAttested):
        Chains(Trust(root_of(trustme.CA()), SIGNERS)).of(b"\x30", None)


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


SILENCES: dict[str, OSError] = {
    "while it connects": URLError(TimeoutError("timed out")),
    "while it answers": TimeoutError("timed out"),
}


@pytest.mark.parametrize("case", SILENCES)
def test_a_host_that_is_silent_once_is_asked_nothing_more(case: str) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if "silent" in url:
            raise SILENCES[case]
        return b"x"

    once = Chains(Trust(b"", SIGNERS, fetch)).fetch_once(fetch)
    with pytest.raises(OSError, match=r"silent|timed out"):
        once("http://silent/1.cer")
    with pytest.raises(OSError, match="not fetched, for silent was silent before"):
        once("http://silent/2.cer")
    assert once("http://other/3.cer") == b"x"
    assert asked == ["http://silent/1.cer", "http://other/3.cer"]


def test_all_certificates_together_are_waited_for_no_longer_than_a_while() -> None:
    over, asked = threading.Event(), list[str]()

    def fetch(url: str) -> bytes:
        asked.append(url)
        over.wait(60)
        return b"x"

    once, began = Chains(Trust(b"", SIGNERS, fetch), patience=0.05).fetch_once(fetch), time.monotonic()
    try:
        with pytest.raises(OSError, match="not fetched, for a is silent"):
            once("http://a/1.cer")
        with pytest.raises(OSError, match=r"not fetched, for the 0\.05 s for all certificates were over"):
            once("http://b/2.cer")
    finally:
        over.set()
    assert asked == ["http://a/1.cer"] and time.monotonic() - began < 30


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
        text.startswith("the certificates of node 0, before its tasks: its attested document cannot be read")
        for text in found.missing
    )
    good = replace(node, attested=signed(authority, document()))
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((good,)))).encode())
    found = from_store(world.store, RunFolder(tmp_path), Trust(root_of(authority), SIGNERS))
    assert not any("certificates" in text for text in found.missing)


ENDED = datetime(2020, 6, 30, tzinfo=timezone.utc)
"""When the signer's certificate of these documents expired."""
THEN = datetime(2020, 6, 1, tzinfo=timezone.utc)
STAMP = {"createdOn": "06/01/20 00:00:00 -0000"}
MOMENTS: dict[str, tuple[object, dict[str, object], bool]] = {
    "as the node asked": ([{"when": "before", "asked": THEN.timestamp()}], {}, True),
    "as the document says, of a node that wrote nothing": (None, {"timeStamp": STAMP}, True),
    "as the document says, of a node that wrote nonsense": ([7, {"when": "before"}], {"timeStamp": STAMP}, True),
    "as the document says, of a node without a time": (
        [{"when": "before", "asked": "x"}, {"when": "after", "asked": 1e300}],
        {"timeStamp": STAMP},
        True,
    ),
    "after it had expired": ([{"when": "before", "asked": ENDED.timestamp() + 60}], {"timeStamp": STAMP}, False),
    "at no known time": ({}, {}, False),
}


@pytest.mark.parametrize("case", MOMENTS)
def test_certificates_have_to_have_held_when_their_document_was_asked_for(case: str, tmp_path: Path) -> None:
    attested, said, counts = MOMENTS[case]
    world, authority = World(tmp_path), trustme.CA()
    before = signed(authority, document(**said), until=ENDED)
    node = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 8, 0, "age1x", 0, before)
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
    world.store.put(keys.evidence_key("n0"), encode({**to_json(EVIDENCE), "attested": attested}))
    found = from_store(world.store, RunFolder(tmp_path), Trust(root_of(authority), SIGNERS))
    assert any("the certificates of node 0" in text for text in found.missing) is not counts


def test_a_document_that_proves_nothing_costs_the_other_no_certificate(tmp_path: Path) -> None:
    world, root = World(tmp_path), trustme.CA()
    between = root.create_child_ca()
    der = x509.load_pem_x509_certificate(between.cert_pem.bytes()).public_bytes(Encoding.DER)
    before = with_issuer_url(between, "http://issuer/between.cer")(document())
    node = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 8, 0, "age1x", 0, before)
    world.store.put(keys.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
    world.store.put(keys.attested_key("n0", "after"), b"no document")
    found = from_store(world.store, RunFolder(tmp_path), Trust(root_of(root), SIGNERS, lambda _: der))
    assert [one.chain for one in found.nodes] == [(der,)]
    assert [text for text in found.missing if "certificates" in text] == [
        "the certificates of node 0, after its tasks: its attested document cannot be read (ValueError)"
    ]
