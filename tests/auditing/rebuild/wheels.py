"""A package index on loopback with a few made wheels, which writes down what it is asked."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tfinfra.locking.document import LockedPackage


def wheel(name: str, version: str, files: Mapping[str, str]) -> tuple[str, bytes]:
    """The file's name and its bytes."""
    info = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in whole.items()]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for path, text in {**whole, f"{info}/RECORD": "".join(rows) + f"{info}/RECORD,,\n"}.items():
            packed.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text)
    return f"{name}-{version}-py3-none-any.whl", archive.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@dataclass
class Index:
    """`files` by name; `url` is that of its simple index, `asked` has the path of each request."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def locked(self, name: str) -> LockedPackage:
        file = next(one for one in self.files if one.startswith(f"{name}-"))
        data = self.files[file]
        return LockedPackage(name, file.split("-")[1], file, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))

    def page(self, name: str) -> bytes:
        found = {file: data for file, data in self.files.items() if file.startswith(f"{name}-")}
        digests = {file: hashlib.sha256(data).hexdigest() for file, data in found.items()}
        return "".join(f'<a href="/files/{file}#sha256={digests[file]}">{file}</a>' for file in found).encode()


@contextmanager
def served(files: Mapping[str, bytes]) -> Iterator[Index]:
    index = Index(dict(files))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            parts = self.path.strip("/").split("/")
            package = parts[-1] if len(parts) == 2 else ""
            body = index.files.get(package) if parts[0] == "files" else index.page(package)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if parts[0] == "simple" else "application/octet-stream")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET  # noqa: N815  named for the base class

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        index.url = f"http://127.0.0.1:{running.server_port}/simple"
        yield index
        running.shutdown()
        thread.join()
