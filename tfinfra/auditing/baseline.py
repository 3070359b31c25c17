"""What ARM was asked for the resources of a run, and how it had each of them right after it was made.

`<part>.baseline.json` of a run's record, and `baseline.json` of its evidence: {part: PartBaseline}.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.requests import ArmAnswer, ResourceRequest

SUFFIX = ".baseline.json"
_LONGEST = 1024


@dataclass(frozen=True)
class MadeResource:
    """`sent` is the body of the write, `found` what ARM answered to the first GET, None where that gave nothing: then
    `why` has its reason."""

    id: str
    type: str
    api_version: str
    sent: dict[str, Any]
    found: dict[str, Any] | None = None
    why: str | None = None


@dataclass(frozen=True)
class PartBaseline:
    """One stack of a run: its resource group by name, and when the last of `resources` was read (Unix seconds)."""

    group: str
    taken: float
    resources: tuple[MadeResource, ...]


def part_baseline(group: str, taken: float, made: Iterable[tuple[ResourceRequest, ArmAnswer]]) -> PartBaseline:
    """Of what was asked for and read. Long texts, what machines boot with above all, stand there by their digests."""
    return PartBaseline(group, taken, tuple(_resource(request, answer) for request, answer in made))


def _resource(request: ResourceRequest, answer: ArmAnswer) -> MadeResource:
    sent = {name: _short(value) for name, value in request.body.items()}
    found = {str(name): _short(value) for name, value in answer.document.items()} if answer.is_document else None
    why = None if found is not None else answer.words
    return MadeResource(request.path, request.arm_type, request.api_version, sent, found, why)


def shortened(document: Any) -> Any:
    """A document of ARM's as a baseline has it."""
    return _short(document)


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _short(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_short(inner) for inner in value]
    is_long = isinstance(value, str) and len(value) > _LONGEST
    return f"sha256:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}" if is_long else value
