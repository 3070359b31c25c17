"""Lists of digests, as sha256sum takes them."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evidence.made import at_home
from tfinfra.evidence.sums import BadSums, read_sums, sums

DIGEST = "ab" * 32


def checked(folder: Path, listed: str = "SHA256SUMS") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", listed], cwd=folder, capture_output=True, text=True, check=False
    )


def test_sha256sum_finds_all_as_it_was_and_names_what_is_not(tmp_path: Path) -> None:
    run = at_home(tmp_path)
    assert checked(run / "audit").returncode == 0
    assert checked(run / "audit", "logs.sha256").returncode == 0
    for name in ("outputs/model/weights.h5", "tasks/rank-0.log", "audit/statement.json", "audit/deploy/__main__.py"):
        path = run / name
        before = path.read_bytes()
        path.write_bytes(before + b"x")
        assert f"{Path(name).name}: FAILED" in checked(run / "audit").stdout
        path.write_bytes(before)
    (run / "outputs/model.json").unlink()
    assert "model.json: FAILED open or read" in checked(run / "audit").stdout


@pytest.mark.parametrize("name", ["with space", "back\\slash", "end\nof line", "\r", "byte\udcff", " *star", "ä"])
def test_sha256sum_takes_any_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "SUMS").write_bytes(sums({name: hashlib.sha256(b"x").hexdigest()}))
    assert checked(tmp_path, "SUMS").returncode == 0


_NAMES = st.text(min_size=1).filter(lambda name: "\0" not in name and not any("\ud800" <= c <= "\udfff" for c in name))


@given(st.dictionaries(_NAMES, st.binary().map(lambda data: hashlib.sha256(data).hexdigest())))
def test_a_list_is_read_as_it_was_written(digests: dict[str, str]) -> None:
    assert read_sums(sums(digests)) == digests


@pytest.mark.parametrize(
    "text",
    [f"{DIGEST}\n", f"{DIGEST} a\n", f"{DIGEST[:-1]}  a\n", "\n", f"{DIGEST}  a\n\n", f"{DIGEST}  a\n{DIGEST}  a\n"],
)
def test_what_is_no_list_of_digests_is_refused(text: str) -> None:
    with pytest.raises(BadSums):
        read_sums(text.encode())
