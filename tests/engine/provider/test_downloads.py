"""A download at its rare moments: cut by the other side, long, redirected to where nobody is sure who answers."""

from __future__ import annotations

import ssl
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from tests.engine.provider.archives import PROGRAM, add, archive
from tests.engine.provider.mirrors import Mirror, serving
from tfinfra.arm.azure_native import BINARY, archive_name
from tfinfra.engine.provider import plugin_archive
from tfinfra.engine.provider.install import ensure_provider
from tfinfra.engine.provider.plugin_folder import find_provider
from tfinfra.errors import TfinfraError


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(plugin_archive, "_PAUSES", (0.0, 0.0))


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with serving() as made:
        made.files[f"/{archive_name()}"] = archive(tmp_path / "served").read_bytes()
        yield made


def put(where: str, said: list[str] | None = None) -> Path:
    tell = (said if said is not None else []).append
    return ensure_provider(tell, environ={"TFINFRA_PROVIDER_MIRROR": where})


def test_a_connection_that_is_reset_is_made_anew(mirror: Mirror) -> None:
    mirror.reset = 2
    assert put(mirror.url).read_bytes() == PROGRAM


def test_one_that_is_always_reset_is_told(mirror: Mirror) -> None:
    mirror.reset = 99
    with pytest.raises(TfinfraError, match=r"the download broke off: .*reset by peer"):
        put(mirror.url)
    assert find_provider() is None


def test_a_server_that_never_answers_is_told(mirror: Mirror) -> None:
    mirror.broken[archive_name()] = -1
    with pytest.raises(TfinfraError, match="no whole answer: Remote end closed connection without response"):
        put(mirror.url)
    assert len(mirror.asked) == 3


def test_a_checksum_file_of_other_files_promises_nothing(mirror: Mirror) -> None:
    mirror.files["/SHA256SUMS"] = f"{'0' * 64}  another.tar.gz\n".encode()
    assert put(mirror.url).read_bytes() == PROGRAM


def test_folders_of_an_archive_are_made(mirror: Mirror, tmp_path: Path) -> None:
    file = archive(tmp_path / "nested", program=None)
    with tarfile.open(file, "w:gz") as tar:
        add(tar, "share", b"", tarfile.DIRTYPE)
        add(tar, "share/words", b"hello")
        add(tar, BINARY, PROGRAM)
    mirror.files[f"/{archive_name()}"] = file.read_bytes()
    assert (put(mirror.url).parent / "share/words").read_text() == "hello"


def test_a_long_download_says_how_far_it_is(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_archive, "_REPORT_EVERY", -1.0)
    mirror.files[f"/{archive_name()}"] += bytes(3 << 20)  # what follows a gzip's end counts for nothing
    said: list[str] = []
    assert put(mirror.url, said).read_bytes() == PROGRAM
    assert [line for line in said if " MiB" in line][:2] == ["1 MiB of 3", "2 MiB of 3"]


@pytest.fixture
def encrypted(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a mirror that this machine trusts, which sends everybody on to one that is not encrypted."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", mirror.url + self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_who_sends_on_from_https_to_plain_http_is_not_followed(encrypted: str, mirror: Mirror) -> None:
    with pytest.raises(TfinfraError, match=r"redirects to http://127.0.0.1:.* which is not encrypted"):
        put(encrypted)
    assert find_provider() is None
    assert mirror.asked == []  # and could not have sent on to where it likes


def test_an_answer_that_does_not_end_is_not_taken(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_archive, "_MOST", 1 << 20)
    mirror.files[f"/{archive_name()}"] += bytes(3 << 20)
    with pytest.raises(TfinfraError, match="gives more than 1 MiB: it was not taken"):
        put(mirror.url)


@pytest.mark.parametrize("length", ["many", "-5", "9" * 5000])
def test_a_length_that_is_none_is_not_believed(mirror: Mirror, length: str) -> None:
    mirror.length = length
    assert put(mirror.url).read_bytes() == PROGRAM
