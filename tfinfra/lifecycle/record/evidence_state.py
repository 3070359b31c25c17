"""What became of a run's evidence, as its record and its document say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfinfra.model.shapes import Line, Sha256, one_of

UNSIGNED = "integrity against itself only"
"""What evidence without a signature is."""
OWN_TO_RECORD = ("sums", "wanted")
"""Fields that only the run's record has: a document beside the evidence would prove nothing with them."""


@dataclass(frozen=True)
class EvidenceState:
    """`signature`: "none" where nobody is to sign, "not_yet" where guardrails name a key and it has not signed (`why`
    says why), "made" (`why` names what could not be signed). `key` is the fingerprint of the key that signed; `copies`
    are the URLs of the copies that were handed in, `wanted` the containers that are to have one; `sums` is the SHA-256
    of SHA256SUMS as it was written."""

    signature: Annotated[str, one_of("none", "not_yet", "made")]
    key: Line | None = None
    why: str | None = None
    copies: tuple[str, ...] = ()
    sums: Sha256 | None = None
    wanted: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For a person."""
        if self.signature == "made":
            told = f"signed by the key {(self.key or '')[:16]}"
        elif self.signature == "not_yet":
            told = "not yet signed"
        else:
            told = f"unsigned: {UNSIGNED}"
        told += f": {self.why}" if self.why else ""
        return told + (f"; copied to {', '.join(self.copies)}" if self.copies else "")


NOT_FETCHED = EvidenceState("not_yet", why="whoever fetches it signs")
