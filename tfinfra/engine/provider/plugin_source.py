"""Where the plugin's archive comes from: its vendor, a mirror (a URL or a folder), or a file; and what its SHA-256 must
be, where the user says so. tfinfra ships no hash of its own: its authors could not download the archive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tfinfra.arm.azure_native import archive_name
from tfinfra.errors import UsageError
from tfinfra.system.loopback import is_loopback

MIRROR, SHA256 = "TFINFRA_PROVIDER_MIRROR", "TFINFRA_PROVIDER_SHA256"
_VENDOR = "https://get.pulumi.com/releases/plugins"
"""What `pulumi plugin install` takes (pulumi/pulumi, sdk/go/common/workspace/plugins.go, getPulumiSource)."""


@dataclass(frozen=True)
class PluginSource:
    """`location` is a URL or a path of the archive; `mirrored` where a checksum file may lie beside it; `sha256` is
    what the user says (64 hex digits, lower case), None without."""

    location: str
    mirrored: bool
    sha256: str | None

    @property
    def url(self) -> SplitResult | None:
        """The location as a URL, None where it is a file."""
        parts = urlsplit(self.location)
        return parts if parts.scheme in ("http", "https") else None

    @property
    def shown(self) -> str:
        """The location, without a password."""
        return shown(self.location)


def shown(location: str) -> str:
    """The URL without user, password and query, in which a signature may stand; a path as it is."""
    if not re.match(r"\w+://", location):
        return location
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", location).partition("?")[0]


def credentials(url: SplitResult) -> tuple[str, str] | None:
    """The user and password that stand in the URL."""
    return None if url.username is None else (unquote(url.username), unquote(url.password or ""))


def chosen_source(environ: Mapping[str, str], where: str | None = None, sha256: str | None = None) -> PluginSource:
    """The source by `where` and `sha256` (a command's options), else by the environment, else the vendor.

    Raises UsageError for a malformed hash, a file that does not exist, and http:// without a hash: another archive
    would pass unnoticed.
    """
    location, digest = where or environ.get(MIRROR) or None, sha256 or environ.get(SHA256) or None
    source = PluginSource(_archive(location or _VENDOR), location is not None, checked(digest))
    url = source.url
    if url is None and not Path(source.location).is_file():
        raise UsageError(f"there is no archive of the azure-native plugin at {source.location}", hint=_ways(MIRROR))
    if url is not None and url.scheme == "http" and digest is None and not is_loopback(url.geturl()):
        message = f"{source.shown} is not encrypted: anybody between here and there could change the plugin"
        raise UsageError(message, hint=f"use https://, or give the archive's SHA-256 in {SHA256}")
    return source


def _ways(variable: str) -> str:
    return f"{variable} is a folder or a URL that holds {archive_name()}, or that file itself"


def _archive(location: str) -> str:
    """The location of the archive itself; `location` may be that of the folder that holds it."""
    location = location.strip()
    if re.match(r"https?://", location, re.IGNORECASE):
        return _archive_url(location)
    if location.endswith(".tar.gz"):
        return location
    if "://" in location:
        raise UsageError(f"{shown(location)} is neither a path nor an http or https URL", hint=_ways(MIRROR))
    folder = Path(location).expanduser().absolute()
    return str(folder / archive_name()) if folder.is_dir() else str(folder)


def _archive_url(location: str) -> str:
    """Below the URL's path: behind it a signature may stand (?sv=…&sig=…). Raises UsageError for a malformed URL, and
    does not show it then: a password may be anywhere in it."""
    url = None
    with suppress(ValueError):
        parts = urlsplit(location)
        url = parts if parts.hostname and parts.port != 0 and not re.search(r"\s", location) else None
    if url is None:
        raise UsageError(
            f"the URL in {MIRROR} is none",
            hint="https://HOST/FOLDER; / is %2F in a password, @ is %40, and a space in a path is %20",
        )
    path = url.path if url.path.endswith(".tar.gz") else f"{url.path.rstrip('/')}/{archive_name()}"
    return url._replace(path=path).geturl()


def checked(digest: str | None) -> str | None:
    """The hash in lower case, None where none is given; the line that `sha256sum` prints will do. Raises UsageError."""
    if digest is None:
        return None
    wanted = (digest.split() or [""])[0].lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise UsageError(f"'{digest}' is no SHA-256", hint="64 hexadecimal digits, as `sha256sum` prints them")
    return wanted
