"""Only the keys that a text was sealed for open it."""

from __future__ import annotations

import pytest

from tfinfra.sealing import NodeKey, Sealed, SealError, digest_of, is_marked, mark, new_run_key, nonce_of, seal

SECRETS = {"TOKEN": "value", "KEY": "several\nlines ü"}
VALUES = Sealed(SECRETS, new_run_key())


def test_every_node_opens_what_was_sealed_for_all() -> None:
    keys = [NodeKey() for _ in range(3)]
    sealed = seal(VALUES, [key.public for key in keys])
    assert all(key.open(sealed) == VALUES for key in keys)
    assert not any(value.encode() in sealed for value in (*SECRETS.values(), VALUES.key))


def test_a_stranger_opens_nothing() -> None:
    sealed = seal(VALUES, [NodeKey().public])
    with pytest.raises(SealError):
        NodeKey().open(sealed)


@pytest.mark.parametrize("keys", [[], [""], ["age1nonsense"]])
def test_a_key_that_is_none_seals_nothing(keys: list[str]) -> None:
    with pytest.raises(SealError):
        seal(VALUES, keys)


def test_a_torn_text_is_no_secret() -> None:
    key = NodeKey()
    with pytest.raises(SealError):
        key.open(seal(VALUES, [key.public])[:-3])


@pytest.mark.parametrize(
    "text", [b"[]", b"{}", b'{"secrets": []}', b'{"secrets": {"A": "1"}}', b"no JSON", b"[" * 9999]
)
def test_what_others_sealed_for_a_node_is_no_secret_of_the_client(text: bytes) -> None:
    import pyrage
    from pyrage import x25519

    key = NodeKey()
    with pytest.raises(SealError):
        key.open(pyrage.encrypt(text, [x25519.Recipient.from_str(key.public)]))


def test_a_mark_holds_for_these_parts_and_this_key_alone() -> None:
    key, other = new_run_key(), new_run_key()
    made = mark(key, "command", "1", "request", "rm -r x")
    assert is_marked(made, key, "command", "1", "request", "rm -r x")
    others = (
        ("command", "2", "request", "rm -r x"),
        ("command", "1", "reques", "trm -r x"),
        ("command", "1", "request"),
    )
    assert not any(is_marked(made, key, *parts) for parts in others)
    assert not is_marked(made, other, "command", "1", "request", "rm -r x")
    assert not any(is_marked(said, key, "a") for said in (None, 1, "", "é", ["x"]))


def test_a_keys_digest_and_nonce_do_not_show_it() -> None:
    key = new_run_key()
    assert len(key) == 64 and key not in digest_of(key) and digest_of(key) != digest_of(new_run_key())
    assert nonce_of("age1a").isalnum() and len(nonce_of("age1a")) == 32 and nonce_of("age1a") != nonce_of("age1b")


def test_what_is_sealed_is_not_shown_by_accident() -> None:
    assert "value" not in repr(VALUES) and VALUES.key not in repr(VALUES)
