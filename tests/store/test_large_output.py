"""An output of 5 GB on a real azurite: up in parallel blocks, down by a process that is killed and one that goes on.

Each way is a process of its own, whose memory counts as a node's does.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.store.azurite import Azurite, azurite, token
from tfinfra.store.blob.download import Part
from tfinfra.store.blob.objects import BLOCK

pytestmark = pytest.mark.e2e  # a minute of both cores, and 10 GB of the disk for as long
SIZE = 5_000_000_000
KEY = "outputs/outputs/model"
MOST_MIB = 60  # what a node's agent may have
ENOUGH = 500_000_000  # bytes that have come when the first download is killed

ONE_WAY = """
import sys, time
from pathlib import Path
from tfinfra.store import open_store
url, ca, token, verb, key, path = sys.argv[1:]
store = open_store(url, lambda: (token, time.time() + 3600), ca=Path(ca).read_text())
getattr(store, verb)(key, Path(path))
status = Path("/proc/self/status")
print(status.read_text().partition("VmHWM:")[2].split()[0] if status.exists() else 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Gone at once: pytest would keep it for the next three sessions."""
    with TemporaryDirectory(dir=tmp_path) as name:
        yield Path(name)


@pytest.fixture
def own(folder: Path) -> Iterator[Azurite]:
    with azurite(folder / "azurite") as made:
        yield made


def generate(path: Path) -> None:
    """Each block begins with its own number, so that none can stand in another's place; the rest takes no disk."""
    with path.open("wb") as out:
        for begin in range(0, SIZE, BLOCK):
            out.seek(begin)
            out.write(begin.to_bytes(8, "big"))
        out.truncate(SIZE)


def one_way(azurite: Azurite, verb: str, path: Path) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", ONE_WAY, azurite.url, str(azurite.server.ca), token(), verb, KEY, str(path)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def peak_mib(process: subprocess.Popen[str]) -> float:
    """The most memory that it held, once it has done its work."""
    out, _ = process.communicate(timeout=540)
    assert process.returncode == 0
    return int(out) / 1024


def test_an_output_of_5_gb_goes_up_and_comes_down_in_little_memory(own: Azurite, folder: Path) -> None:
    up, down = folder / "up", folder / "down"
    generate(up)
    assert peak_mib(one_way(own, "put_file", up)) < MOST_MIB

    part, broken = Part(down, KEY), one_way(own, "get_file", down)
    while part.held() < ENOUGH:
        assert broken.poll() is None
        time.sleep(0.05)
    broken.kill()
    broken.communicate()
    assert ENOUGH <= part.held() < SIZE
    with part.file.open("r+b") as file:  # what has come is not asked for again: nobody puts this right
        file.write(b"a mark..")

    assert peak_mib(one_way(own, "get_file", down)) < MOST_MIB
    assert sorted(p.name for p in folder.iterdir()) == ["azurite", "down", "up"]
    with down.open("r+b") as file:
        assert file.read(8) == b"a mark.."
        file.seek(0)
        file.write(bytes(8))
    assert subprocess.run(["cmp", "--silent", up, down], check=False).returncode == 0
