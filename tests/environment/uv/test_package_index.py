"""Where packages come from, asked by the real uv of a server on this machine: indexes and pages of the target, a
server that wants to know who asks, files that are not those of a pinned hash."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tfinfra.environment.requirements.pinned_hashes import held, only_files_tell, pinned_hashes
from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.uv.package_index import source_variables
from tfinfra.environment.uv.solve import SolveRequest, fetch, installable_hashes, solve
from tfinfra.environment.uv.tools import find_uv
from tfinfra.errors import CredentialsError, NotFeasible
from tfinfra.model import PackageSources

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
MACHINE = "x86_64-manylinux_2_28"


def wheel(name: str, version: str, tag: str = "py3-none-any") -> tuple[str, bytes]:
    """The file name and bytes of a wheel that holds nothing."""
    stem, packed = f"{name}-{version}", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = f"{stem}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{stem}-{tag}.whl", packed.getvalue()


FILES = dict(
    (
        wheel("mine", "1.0"),
        wheel("mine", "2.0", "cp39-cp39-win_amd64"),
        wheel("mine", "2.0"),
        wheel("mine", "3.0rc1"),
    )
)
DIGESTS = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in FILES.items()}
LINKS = "".join(f'<a href="/files/{name}#{digest.replace(":", "=")}">{name}</a>' for name, digest in DIGESTS.items())


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = {"/simple/mine/": LINKS.encode(), "/wheels.html": LINKS.encode()}
        body = pages.get(self.path) or FILES.get(self.path.removeprefix("/files/"))
        self.send_response(401 if self.path.startswith("/closed/") else 200 if body else 404)
        self.send_header("Content-Type", "text/html" if self.path in pages else "application/octet-stream")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    do_HEAD = do_GET  # noqa: N815  named for the base class

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server on this machine; uv has no other index and no answers of before."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def request(line: str, sources: PackageSources, *, prereleases: bool = False) -> SolveRequest:
    return SolveRequest((line,), (), PYTHON, MACHINE, None, prereleases=prereleases, sources=sources)


def test_the_targets_index_is_asked_instead_of_this_machines(server: str, tmp_path: Path) -> None:
    uv, sources = find_uv(tmp_path), PackageSources(f"{server}/simple")
    assert solve(uv, request("mine", sources)).startswith("mine==2.0")
    assert solve(uv, request("mine", sources, prereleases=True)).startswith("mine==3.0rc1")
    with pytest.raises(NotFeasible, match="cannot be reached"):
        solve(uv, request("mine", PackageSources()))


def test_other_indexes_and_pages_are_asked_first(server: str, tmp_path: Path) -> None:
    uv = find_uv(tmp_path)
    other = PackageSources(extra_index_urls=(f"{server}/simple",))
    assert solve(uv, request("mine", other)).startswith("mine==2.0")
    page = PackageSources(f"{server}/nothing", find_links=(f"{server}/wheels.html",))
    assert solve(uv, request("mine<2", page)).startswith("mine==1.0")


SETTINGS: dict[str, tuple[PackageSources, dict[str, str], dict[str, str]]] = {
    "no target's": (PackageSources(), {"UV_INDEX": "https://a.example/simple"}, {}),
    "a target's alone": (
        PackageSources("https://a.example/simple", ("https://b.example/x", "https://c.example/x")),
        {"UV_DEFAULT_INDEX": "https://d.example/simple"},
        {
            "UV_DEFAULT_INDEX": "https://a.example/simple",
            "PIP_INDEX_URL": "https://a.example/simple",
            "UV_INDEX": "https://b.example/x https://c.example/x",
            "PIP_EXTRA_INDEX_URL": "https://b.example/x https://c.example/x",
        },
    ),
    "one whose password the user has": (
        PackageSources("https://a.example/simple/", ("https://b.example/x",)),
        {"PIP_INDEX_URL": "https://u:p@a.example/simple", "UV_INDEX": "https://z.example team=https://b.example/x"},
        {
            "UV_DEFAULT_INDEX": "https://u:p@a.example/simple",
            "PIP_INDEX_URL": "https://u:p@a.example/simple",
            "UV_INDEX": "team=https://b.example/x",
            "PIP_EXTRA_INDEX_URL": "https://b.example/x",
        },
    ),
}


@pytest.mark.parametrize("sentence", SETTINGS)
def test_the_targets_indexes_come_before_the_users_and_keep_their_passwords(sentence: str) -> None:
    sources, environment, expected = SETTINGS[sentence]
    assert source_variables(sources, environment) == expected


def test_a_server_that_wants_to_know_who_asks_is_called_that(server: str, tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="401"):
        solve(find_uv(tmp_path), request("mine", PackageSources(f"{server}/closed")))


def test_a_pinned_hash_is_one_of_a_file_that_can_be_installed(server: str, tmp_path: Path) -> None:
    uv, sources = find_uv(tmp_path), PackageSources(f"{server}/simple")
    packages = solve(uv, request("mine", sources))
    assert packages.count("--hash") == 2  # that of Windows, too
    windows, everywhere = DIGESTS["mine-2.0-cp39-cp39-win_amd64.whl"], DIGESTS["mine-2.0-py3-none-any.whl"]

    def pinned(*hashes: str) -> str:
        pins = pinned_hashes([" ".join(["mine==2.0", *(f"--hash={one}" for one in hashes)])], PYTHON, MACHINE)
        return held(packages, pins, lambda lines: installable_hashes(uv, request("\n".join(lines), sources)))

    assert pinned(windows, everywhere) == f"mine==2.0 \\\n    --hash={everywhere}\n"
    for wrong, why in ((windows, "cannot be used here"), (f"sha256:{'0' * 64}", "no file that the index has")):
        with pytest.raises(RefusedPackages, match=why):
            pinned(wrong)


def test_hashes_that_no_index_tells_are_held_against_the_file(server: str, tmp_path: Path) -> None:
    uv, sources, name = find_uv(tmp_path), PackageSources(f"{server}/simple"), "mine-2.0-py3-none-any.whl"
    url, right = f"mine @ {server}/files/{name}#sha256=", DIGESTS[name].partition(":")[2]
    fetch(uv, request(f"{url}{right}", sources))
    fetch(uv, request(f"mine==2.0 --hash=sha512:{hashlib.sha512(FILES[name]).hexdigest()}", sources))
    for line in (f"{url}{'0' * 64}", f"mine==2.0 --hash=sha512:{'0' * 128}"):
        with pytest.raises(RefusedPackages, match="the file of mine has another hash") as caught:
            fetch(uv, request(line, sources))
        assert caught.value.code == "TFI328"


def test_what_a_lock_must_fetch_to_know_its_hashes() -> None:
    texts = (
        "a==1 \\\n    --hash=sha256:00\n",
        "b==1 \\\n    --hash=sha512:00\n",
        "c @ https://a.example/c-1-py3-none-any.whl#sha256=00\n",
        "d @ https://a.example/d-1-py3-none-any.whl \\\n    --hash=sha256:00\n",
    )
    assert only_files_tell("".join(texts)) == (texts[1].strip(), texts[2].strip())
