"""What the object store costs: a folder, and an azurite on this machine over HTTPS with bearer tokens. Small objects as
heartbeats are, and one large output up (in parallel blocks) and down."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.common import ROOT, Result, Row, Sample, measure, repeated, tell
from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
from tfinfra.localcloud.azurite.servers import Server, Servers, make_container
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.certificates import prepare_certificates
from tfinfra.store import ObjectStore, open_store
from tfinfra.system.paths import cache_folder
from tfinfra.system.process import child_python

OBJECTS = 200
GIB = 1 << 30
LARGE = int(os.environ.get("TFINFRA_BENCH_STORE_GIB", "1"))
HOUR = 3600


def run(repeat: int) -> Result:
    """Rows for small objects and for the large one, azurite's against the folder's."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name, _azurite(Path(name)) as (url, ca):
        folder = Path(name)
        data = folder / "output"
        _generate(data, LARGE * GIB)
        files = (folder / "store").as_uri()
        rows = [
            _small("a folder", files, None, repeat),
            _small("azurite", url, ca, repeat, against="a folder"),
            _large("a folder", repeat, lambda: _there_and_back(files, None, data)),
            _large("azurite", repeat, lambda: _there_and_back(url, ca, data), against="a folder"),
        ]
    note = (
        f"{OBJECTS} objects of 200 bytes, one after the other; {LARGE} GiB of random bytes, each way by a process alone"
    )
    return Result("store", tuple(rows), (note,))


def _small(what: str, url: str, ca: Path | None, repeat: int, against: str | None = None) -> Row:
    tell(f"small objects, {what}")
    rows = repeated(repeat, lambda: _times(_open(url, ca)))
    return Row(f"small objects, {what}", rows, against and f"small objects, {against}")


def _times(store: ObjectStore) -> dict[str, float]:
    keys = [f"heartbeats/{n:04d}.json" for n in range(OBJECTS)]
    return {
        "put_ms": _median(lambda key: store.put(key, b"x" * 200), keys),
        "get_ms": _median(store.get, keys),
        "list_ms": _median(lambda _: store.list("heartbeats"), keys[:10]),
    }


def _median(operation: Callable[[str], object], keys: list[str]) -> float:
    taken = []
    for key in keys:
        began = time.perf_counter()
        operation(key)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def _large(what: str, repeat: int, take: Callable[[], Sample], against: str | None = None) -> Row:
    tell(f"{LARGE} GiB, {what}")
    case = f"{LARGE} GiB, "
    return Row(case + what, repeated(repeat, take), against and case + against, {"up_mib": 60, "down_mib": 60})


def _there_and_back(url: str, ca: Path | None, data: Path) -> dict[str, float]:
    """Each way in a process of its own, whose memory counts as a node's does."""
    line = child_python.module("bench.store", url, str(ca or ""))
    back = data.with_name("back")
    up = measure([*line, "put_file", str(data)], ROOT)
    down = measure([*line, "get_file", str(back)], ROOT)
    if subprocess.run(["cmp", "--silent", data, back], check=False).returncode:
        raise RuntimeError("what came back is not what went up")
    back.unlink()
    size = LARGE * 1024
    return {
        "up_s": up["seconds"],
        "up_mib_per_s": size / up["seconds"],
        "up_mib": up["peak_mib"],
        "down_s": down["seconds"],
        "down_mib_per_s": size / down["seconds"],
        "down_mib": down["peak_mib"],
    }


def _generate(path: Path, size: int) -> None:
    """One random MiB after the other, each different: nothing on the way may compress or share it."""
    block = bytearray(os.urandom(1 << 20))
    with path.open("wb") as out:
        for number in range(size >> 20):
            block[:8] = number.to_bytes(8, "big")
            out.write(block)


def _open(url: str, ca: Path | None) -> ObjectStore:
    def token() -> tuple[str, float]:
        now = time.time()
        return tokens.mint(b"bench", "node", now, HOUR, tokens.STORAGE), now + HOUR

    return open_store(url, token, ca=ca.read_text() if ca else None)


@contextmanager
def _azurite(folder: Path) -> Iterator[tuple[str, Path]]:
    """A container's URL, and the CA that signs its server."""
    layout = Layout(folder / "cloud")
    layout.root.mkdir()
    prepare_certificates(layout)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = ensure_azurite(cache_folder(), tell)
    server, servers = Server("bench", port, layout.root / "blob", program, layout.certificate, layout.ca), Servers()
    try:
        servers.start(server)
        make_container(server, "run", tokens.mint(b"bench", "node", time.time(), HOUR, tokens.STORAGE))
        yield f"{server.endpoint}run", layout.ca
    finally:
        servers.close()


def _one_way(url: str, ca: str, verb: str, path: str) -> None:
    store = _open(url, Path(ca) if ca else None)
    getattr(store, verb)("outputs/outputs/model", Path(path))


if __name__ == "__main__":
    _one_way(*sys.argv[1:])
