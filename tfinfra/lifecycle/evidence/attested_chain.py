"""The certificates between the signer of a node's attested document and its cloud's root, fetched while they can be:
with them the document can be verified when nothing can be fetched any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from tfinfra.cloud import Trust


@dataclass
class Chains:
    """`trust` is the cloud's, None where nobody signs for its machines; each certificate is fetched once."""

    trust: Trust | None
    _fetched: dict[str, bytes | OSError] = field(default_factory=dict)

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
        """`fetch`, which is asked no URL twice: a network that is not there makes no second node wait for it."""

        def once(url: str) -> bytes:
            if url not in self._fetched:
                try:
                    self._fetched[url] = fetch(url)
                except OSError as error:
                    self._fetched[url] = error
            found = self._fetched[url]
            if isinstance(found, OSError):
                raise found
            return found

        return once
