"""The environment of a pack is another one where the pack needs something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.policy.packs import write_pack
from tfinfra.engine.policy import environment
from tfinfra.engine.policy.environment import LOCK, pack_python
from tfinfra.engine.policy.pack import read_pack
from tfinfra.system.progress import say_nothing


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """What each environment was made of, one after the other; nothing is installed."""
    asked: list[list[Path]] = []

    def make(needs: list[Path], folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()
        asked.append(needs)

    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(environment, "_make", make)
    return asked


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)


CHANGES: dict[str, tuple[Callable[[Path], None], int]] = {
    "nothing": (lambda pack: None, 1),
    "the file itself": (lambda pack: write(pack, requirements="-r base.txt\nrequests==2.32.0\n"), 2),
    "a file that it names": (lambda pack: write(pack, base="-c pins.txt\nboto3\n"), 2),
    "a file that this one names": (lambda pack: write(pack, pins="idna==3.9\n"), 2),
    "a file that nobody names": (lambda pack: write(pack, notes="idna==3.9\n"), 1),
    "a file that is gone": (lambda pack: (pack / "pins.txt").unlink(), 2),
}


@pytest.mark.parametrize(("change", "environments"), CHANGES.values(), ids=CHANGES)
def test_each_file_of_requirements_counts(
    change: Callable[[Path], None], environments: int, made: list[list[Path]], tmp_path: Path
) -> None:
    folder = write_pack(tmp_path / "house")
    write(folder, requirements="--requirement=base.txt\n", base="-c pins.txt\nrequests\n", pins="idna==3.10\n")
    first = pack_python(read_pack(folder), say_nothing)
    change(folder)
    assert (pack_python(read_pack(folder), say_nothing) == first) == (environments == 1)
    assert len(made) == environments


def test_files_that_name_each_other_are_read_once(made: list[list[Path]], tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "house")
    write(folder, requirements="-r ./other.txt\n", other="-r ../house/requirements.txt\npulumi-policy==1.20.0\n")
    pack_python(read_pack(folder), say_nothing)
    assert made == [[folder / "requirements.txt"]]  # a file that it names has pulumi-policy


def test_a_pack_that_needs_nothing_gets_what_all_need(made: list[list[Path]], tmp_path: Path) -> None:
    pack_python(read_pack(write_pack(tmp_path / "house")), say_nothing)
    assert made == [[LOCK]]
