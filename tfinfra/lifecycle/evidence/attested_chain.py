"""The certificates between the signer of a node's attested document and its cloud's root, fetched while they can be:
with them the document can be verified when nothing can be fetched any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout  # another than Python's own before 3.11
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from urllib.error import URLError
from urllib.parse import urlsplit

from tfinfra.cloud import Trust


@dataclass
class Chains:
    """`trust` is the cloud's, None where nobody signs for its machines; each certificate is fetched once. `patience`
    are the seconds for all of them, from the first on: what costs by the hour waits meanwhile."""

    trust: Trust | None
    patience: float = 30.0
    _fetched: dict[str, bytes | OSError] = field(default_factory=dict)
    _until: float | None = None
    _silent: set[str] = field(default_factory=set)

    def of(self, document: bytes, asked: datetime | None) -> tuple[bytes, ...]:
        """The certificates (DER) of a node's document, which have to have held when it was `asked` for, None where
        nobody wrote that down: a run may come home long after they have expired. Raises NotAttested where it is no
        document that counts."""
        if self.trust is None:
            return ()
        from tfinfra.azure.identity.attested import says_created, verified

        fetch = self.trust.fetch
        trust = replace(self.trust, fetch=self.fetch_once(fetch) if fetch is not None else None)
        return verified(document, trust, asked or says_created(document) or datetime.now(timezone.utc)).chain

    def fetch_once(self, fetch: Callable[[str], bytes]) -> Callable[[str], bytes]:
        """`fetch`, which is asked no URL twice, no host that was silent once, and nothing when the patience is over: a
        network that is not there makes no second node wait for it."""

        def once(url: str) -> bytes:
            if url not in self._fetched:
                try:
                    self._fetched[url] = self._in_time(fetch, url)
                except OSError as error:
                    self._fetched[url] = error
            found = self._fetched[url]
            if isinstance(found, OSError):
                raise found
            return found

        return once

    def _in_time(self, fetch: Callable[[str], bytes], url: str) -> bytes:
        """What `fetch` gives. Raises OSError, also where it takes too long."""
        host, now = urlsplit(url).netloc, time.monotonic()
        self._until = now + self.patience if self._until is None else self._until
        if host in self._silent:
            raise OSError(f"not fetched, for {host} was silent before")
        if now >= self._until:
            raise OSError(f"not fetched, for the {self.patience:g} s for all certificates were over")
        try:
            return _on_its_own(fetch, url).result(self._until - now)
        except (TimeoutError, FutureTimeout) as error:
            self._silent.add(host)
            raise OSError(f"not fetched, for {host} is silent") from error
        except URLError as error:
            if isinstance(error.reason, TimeoutError):
                self._silent.add(host)
            raise


def _on_its_own(fetch: Callable[[str], bytes], url: str) -> Future[bytes]:
    """In a thread that nobody waits for at the end: neither the look-up of a name nor an answer that comes byte by byte
    has a limit of its own."""
    found: Future[bytes] = Future()

    def ask() -> None:
        try:
            found.set_result(fetch(url))
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            found.set_exception(error)

    threading.Thread(target=ask, daemon=True, name="certificate").start()
    return found
