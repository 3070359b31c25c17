"""What a locked run packed, and its inputs, against the lock that it was held against."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.lifecycle.fake_effects import A_LOCK
from tfinfra.bundle import Packed
from tfinfra.errors import DifferenceFound
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.lifecycle.run.still_locked import refuse_other_inputs, refuse_other_source
from tfinfra.model import Locked
from tfinfra.system.local_tree import LocalTree

NODES = Locked(digest="a" * 64, environment="held", python="3.11.9")
ONE, OTHER = b"a\r\nb\r\n", b"c\n"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def held(**source: str) -> HeldLock:
    return HeldLock("", "sha256:00", A_LOCK, NODES, source=source, inputs={"digits": f"sha256:{'1' * 64}"})


def same(lock: HeldLock, root: Path, *packed: Packed) -> None:
    refuse_other_source(lock, root, frozenset(file.name for file in packed), packed)


def test_what_is_as_locked_may_go(tmp_path: Path) -> None:
    lock = held(one=f"sha256:{digest(ONE)} executable", link="link one")
    same(lock, tmp_path, Packed("one", digest(ONE), executable=True), Packed("link", None, link="one"))


def test_line_ends_that_git_writes_are_no_change_and_other_bytes_are(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".gitattributes").write_text("* text\n")
    (tmp_path / "one").write_bytes(ONE)
    lock = held(one=f"sha256:{digest(b'a%cb%c' % (10, 10))}")
    same(lock, tmp_path, Packed("one", digest(ONE)))
    with pytest.raises(DifferenceFound, match="'one' is not as it was locked"):
        same(lock, tmp_path, Packed("one", digest(OTHER)))  # what was packed is there no more


@pytest.mark.parametrize(
    "packed", [(), (Packed("one", digest(OTHER)),), (Packed("one", None, link="two"),), (Packed("two", digest(ONE)),)]
)
def test_what_is_gone_or_another_is_named(packed: tuple[Packed, ...], tmp_path: Path) -> None:
    with pytest.raises(DifferenceFound, match="'one'") as refused:
        same(held(one=f"sha256:{digest(ONE)}"), tmp_path, *packed)
    assert refused.value.exit_code == 11


def test_an_input_that_changed_is_named() -> None:
    refuse_other_inputs(held(), {"digits": LocalTree((), "1" * 64), "": LocalTree((), "2" * 64)})
    with pytest.raises(DifferenceFound, match="the input 'digits'"):
        refuse_other_inputs(held(), {"digits": LocalTree((), "2" * 64)})
