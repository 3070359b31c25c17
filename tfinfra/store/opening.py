"""From a URL to its store: a folder, or a container of Azure Blob with what may stand below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from tfinfra.store.blob.objects import BlobEntry, ObstoreStore
from tfinfra.store.folder import FolderStore
from tfinfra.store.seam import ObjectStore

if TYPE_CHECKING:
    from obstore.store import ClientConfig

Credential = Callable[[], tuple[str, float]]
"""A bearer token for Blob, and its expiry in Unix seconds."""

# Retried with pauses that double up to `max_backoff`, in no more than `retry_timeout` together: lost connections, 408,
# 429 and 5xx, which is how Blob throttles (https://learn.microsoft.com/azure/storage/blobs/scalability-targets). Short
# where a thread waits that has other things to do; PatientStore goes on from there. A `Retry-After` is not looked at:
# obstore neither reads it nor shows it (github.com/apache/arrow-rs-object-store/pull/410).
_SHORT = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2},
}
_LONG = {
    "max_retries": 40,
    "retry_timeout": timedelta(seconds=180),
    "backoff": {"init_backoff": timedelta(seconds=0.2), "max_backoff": timedelta(seconds=10), "base": 2},
}


@dataclass(frozen=True)
class BlobLocation:
    """A container, and the folder of it that is the store ("" is all of it). `endpoint` has no trailing slash."""

    endpoint: str
    account: str
    container: str
    prefix: str


def open_store(url: str, credential: Credential | None = None, *, ca: str | None = None) -> ObjectStore:
    """The store at `url`: file:///folder, or https://<account>.blob.core.windows.net/<container>[/<folder>…], or, as
    emulators have it, https://<host>/<account>/<container>[/<folder>…].

    `credential` gives tokens for Blob; files need none. `ca` is the PEM text of a certificate authority to be trusted
    besides the system's. Raises ValueError for any other URL, OSError where the folder is a link.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        if folder.is_symlink():  # as a node may put one where the store of a run's next attempt is about to be
            raise OSError(f"{folder} is a link")
        return FolderStore(folder)
    if parts.scheme == "https" and credential is not None:
        location = blob_location(url)
        return ObstoreStore(_azure(location, credential, ca, _SHORT), _azure(location, credential, ca, _LONG))
    raise ValueError(f"no object store for '{url}'")


def list_blobs(url: str, credential: Credential, *, ca: str | None = None) -> tuple[BlobEntry, ...]:
    """The blobs below `url`, or the one that it names, by their keys in the container; `credential` and `ca` are as of
    `open_store`. Raises ValueError for a URL of something else, and what the store raises."""
    location = blob_location(url)
    container = _azure(replace(location, prefix=""), credential, ca, _SHORT)
    return ObstoreStore(container, container).entries(location.prefix)


def blob_location(url: str) -> BlobLocation:
    """What a URL of Blob means. Raises ValueError where it names no container."""
    parts = urlsplit(url)
    names = [unquote(name) for name in parts.path.split("/") if name]
    account, endpoint, names = _account(parts, names)
    if not account or not names:
        raise ValueError(f"'{url}' names no container of a storage account")
    return BlobLocation(endpoint, account, names[0], "/".join(names[1:]))


def _account(parts: SplitResult, names: list[str]) -> tuple[str, str, list[str]]:
    """The account, the endpoint of its blobs, and the names of the path that follow."""
    host = f"https://{parts.netloc}"
    account, _, rest = (parts.hostname or "").partition(".")
    if rest.startswith("blob."):
        return account, host, names
    account = names[0] if names else ""
    return account, f"{host}/{account}", names[1:]


def _azure(location: BlobLocation, credential: Credential, ca: str | None, retry: Any) -> Any:
    from obstore.store import AzureStore

    def provider() -> Any:
        token, expires = credential()
        return {"token": token, "expires_at": datetime.fromtimestamp(expires, timezone.utc)}

    options: ClientConfig = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "1h"}
    if ca:
        # It is on loopback, where no proxy of the environment may be asked: so one is named, and excluded at once.
        host = urlsplit(location.endpoint).hostname or ""
        options |= {"root_certificate": ca, "proxy_url": "http://127.0.0.1:9", "proxy_excludes": host}
    return AzureStore(
        location.container,
        prefix=location.prefix or None,
        account_name=location.account,
        endpoint=location.endpoint,
        client_options=options,
        retry_config=retry,
        credential_provider=provider,
    )
