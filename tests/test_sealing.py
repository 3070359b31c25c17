"""Only the keys that a text was sealed for open it."""

from __future__ import annotations

import pytest

from tfinfra.sealing import NodeKey, SealError, seal

VALUES = {"TOKEN": "value", "KEY": "several\nlines ü"}


def test_every_node_opens_what_was_sealed_for_all() -> None:
    keys = [NodeKey() for _ in range(3)]
    sealed = seal(VALUES, [key.public for key in keys])
    assert all(key.open(sealed) == VALUES for key in keys)
    assert not any(value.encode() in sealed for value in VALUES.values())


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
