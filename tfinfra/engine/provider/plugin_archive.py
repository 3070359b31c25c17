"""Gets the plugin's archive onto this machine, whole, and says what its SHA-256 is."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from tfinfra.arm.azure_native import archive_name
from tfinfra.engine.provider.plugin_source import MIRROR, SHA256, PluginSource, credentials, shown
from tfinfra.errors import TfinfraError
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.loopback import is_loopback
from tfinfra.system.progress import Progress

_T = TypeVar("_T")

_PATIENCE = 20.0  # seconds without a byte
_CHUNK = 1 << 20
_MOST = 4 << 30  # bytes; the archive has some 200 MB
_REPORT_EVERY = 5.0  # seconds between two lines of progress
_PAUSES = (1.0, 3.0)
_LINES = (
    re.compile(r"\\?(?P<hash>[0-9a-fA-F]{64})(?:\s+\*?(?P<name>\S+))?"),
    re.compile(r"SHA2?-?256 ?\((?P<name>[^)]+)\) ?= ?(?P<hash>[0-9a-fA-F]{64})", re.IGNORECASE),
)
_BESIDE = (".sha256", "SHA256SUMS")
_CLOSED = (
    f"where this network does not reach it, {MIRROR} names a mirror (https) or a folder that holds {archive_name()},"
    " or that file (docs/azure.md, The provider plugin)"
)

_UNCHECKED = (
    f"nothing was installed: the mirror may have a checksum file. Try again, or give the archive's SHA-256 in {SHA256}"
)
_NONE_THERE = (403, 404, 410)
"""Of a file that is not there; object stores answer 403 to clients without the right to list
(docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html)."""

_STRANGE_CA = "where it has a certificate of your own CA, SSL_CERT_FILE names the file of CAs that holds it"


@dataclass(frozen=True)
class PluginArchive:
    """The archive's file and its SHA-256; `promised` is what a checksum file beside it says, None without one."""

    archive: Path
    sha256: str
    promised: str | None


class _Torn(Exception):
    """An answer that is worth another try."""


class _Absent(TfinfraError):
    """The server says that it has no such file."""


def fetch(source: PluginSource, work: Path, progress: Progress) -> PluginArchive:
    """The archive of `source`: a file where it lies, a download in the folder `work`. Raises TfinfraError."""
    if source.url is None:
        file = Path(source.location)
        return PluginArchive(file, sha256_of(file), _beside_file(file) if source.mirrored else None)
    draft = work / archive_name()
    progress(f"downloading the azure-native plugin from {source.shown}")
    digest = download(source.location, draft, progress)
    return PluginArchive(draft, digest, _beside_url(source.location) if source.mirrored else None)


def download(url: str, draft: Path, progress: Progress) -> str:
    """Writes what `url` gives to `draft`; its SHA-256. Raises TfinfraError."""
    return _patiently(lambda: _download(url, draft, progress), shown(url))


def _patiently(work: Callable[[], _T], shown: str, hint: str = _CLOSED) -> _T:
    """What `work` returns; it is tried again after a torn answer or an error of the server's."""
    for pause in _PAUSES:
        try:
            return work()
        except _Torn:
            time.sleep(pause)
    try:
        return work()
    except _Torn as error:
        raise TfinfraError(f"{shown}: {error}", hint=hint) from error


def _download(url: str, draft: Path, progress: Progress) -> str:
    """Writes the answer to `draft`; its SHA-256. Raises _Torn, TfinfraError."""
    digest, got, reported = hashlib.sha256(), 0, time.monotonic()
    with _opened(url) as answer, draft.open("wb") as out:
        size = _size(answer)
        while chunk := _read(answer):
            out.write(chunk)
            digest.update(chunk)
            got += len(chunk)
            if got > _MOST:
                raise TfinfraError(f"{shown(url)} gives more than {_MOST >> 20} MiB: it was not taken")
            if time.monotonic() - reported > _REPORT_EVERY:
                reported = time.monotonic()
                progress(f"{got >> 20} MiB" + (f" of {size >> 20}" if size else ""))
    if size and got != size:
        raise _Torn(f"the download ended after {got} of {size} bytes")
    return digest.hexdigest()


def _size(answer: HTTPResponse) -> int:
    """What the answer says of its length, 0 where that is nothing or no number."""
    said = answer.headers.get("Content-Length") or ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def _read(answer: HTTPResponse) -> bytes:
    try:
        return answer.read(_CHUNK)
    except (HTTPException, OSError) as error:
        raise _Torn(f"the download broke off: {str(error) or type(error).__name__}") from error


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but never from https to plain http: an eavesdropper there could redirect to anywhere."""

    def redirect_request(  # noqa: PLR0917  the base's own
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if req.type == "https" and urlsplit(newurl).scheme.lower() != "https":
            raise TfinfraError(f"{shown(req.full_url)} redirects to {shown(newurl)}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _opened(url: str) -> Iterator[HTTPResponse]:
    """The answer of 200. A password goes to the host that it was given for, and to no other that redirects to."""
    parts = urlsplit(url)
    without_login = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = Request(without_login, headers={"User-Agent": "tfinfra"})  # noqa: S310 - http and https alone get here
    if login := credentials(parts):
        secret = base64.b64encode(":".join(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {secret}")
    handlers = (_Redirects(), ProxyHandler({})) if is_loopback(parts.geturl()) else (_Redirects(),)
    try:
        with build_opener(*handlers).open(request, timeout=_PATIENCE) as answer:
            yield answer
    except HTTPError as error:
        if error.code >= 500 or error.code == 429:
            raise _Torn(f"it answered {error.code} {error.reason}") from error
        if error.code in _NONE_THERE:
            raise _Absent(f"{shown(url)} answered {error.code} {error.reason}", hint=_CLOSED) from error
        raise TfinfraError(f"{shown(url)} answered {error.code} {error.reason}", hint=_CLOSED) from error
    except URLError as error:
        hint = _STRANGE_CA if isinstance(error.reason, ssl.SSLError) else _CLOSED
        raise TfinfraError(f"{shown(url)} cannot be reached: {error.reason}", hint=hint) from error
    except (HTTPException, TimeoutError, ConnectionError) as error:
        raise _Torn(f"no whole answer: {str(error) or type(error).__name__}") from error


def _beside_file(file: Path) -> str | None:
    for name in (file.name + _BESIDE[0], _BESIDE[1]):
        beside = file.with_name(name)
        if beside.is_file():
            text = beside.read_text(encoding="utf-8", errors="replace")
            if found := _promised(text, file.name, str(beside)):
                return found
    return None


def _beside_url(url: str) -> str | None:
    """The hash in the mirror's checksum file. None only where the mirror itself says that it has no such file: an
    attacker who breaks the request must not be able to turn the check off. Raises TfinfraError."""
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    for path in (parts.path + _BESIDE[0], f"{folder}/{_BESIDE[1]}"):
        checksums = parts._replace(path=path).geturl()
        try:
            text = _patiently(partial(_text, checksums), shown(checksums), _UNCHECKED)
        except _Absent:
            continue
        if found := _promised(text, name, shown(checksums)):
            return found
    return None


def _promised(text: str, name: str, where: str) -> str | None:
    """The hash of the file `name` in the checksum file `where`, whose `text` is as `sha256sum` prints it, with or
    without `--tag`, or one hash and nothing else; None where it is a list of other files'. Raises TfinfraError for what
    is no checksum file, or is this archive's own and has no hash of it: it must not pass for none."""
    listed = False
    for line in text.splitlines():
        for pattern in _LINES:
            found = pattern.fullmatch(line.strip("\ufeff \t"))
            listed = listed or found is not None
            if found and (found["name"] is None or re.split(r"[/\\]", found["name"])[-1] == name):
                return found["hash"].lower()
    if where.partition("?")[0].endswith(_BESIDE[0]) or not listed:
        raise TfinfraError(
            f"{where} holds no SHA-256 of {name}",
            hint=f"nothing was installed: mend that file, or give the archive's SHA-256 in {SHA256}",
        )
    return None


def _text(url: str) -> str:
    with _opened(url) as answer:
        size, text = _size(answer), _read(answer)
    if len(text) < min(size, _CHUNK):
        raise _Torn(f"the answer ended after {len(text)} of {size} bytes")
    return text.decode("utf-8-sig", errors="replace")
