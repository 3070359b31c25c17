"""What a preview of a stack shows: its resources, what policy packs say of them, and which pack could not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.engine.policy.staging import StagedPacks

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent

MANDATORY, ADVISORY, REMEDIATE, UNKNOWN = "mandatory", "advisory", "remediate", "unknown"
_STACK = "pulumi:pulumi:Stack"
_NOT_JUDGED = "can't run policy '{}' from policy pack "
"""How pulumi-policy begins what it says, as advice, of a policy that needs a value which nobody knows yet."""


@dataclass(frozen=True)
class PreviewedResource:
    """`type` is azure-native's ("azure-native:network:NatGateway"), `name` the program's own."""

    type: str
    name: str


@dataclass(frozen=True)
class Violation:
    """What a policy says. `level`: mandatory; advisory; remediate, where it would change the resource; unknown, where
    it could not judge. `type` and `name` are those of the resource, "" where it is about the stack as a whole."""

    pack: str
    policy: str
    level: str
    message: str
    type: str
    name: str


@dataclass(frozen=True)
class PackFailure:
    """Why the pack in `folder` did not judge all; `file` and `line` where in it, "" and 0 where that is not known."""

    folder: str
    why: str
    file: str
    line: int


@dataclass(frozen=True)
class Preview:
    """One stack's: `resources` of the provider, in the order of their steps, and its `outputs` by name."""

    resources: tuple[PreviewedResource, ...]
    outputs: dict[str, Any]
    violations: tuple[Violation, ...] = ()
    failures: tuple[PackFailure, ...] = ()


def resource_of(event: EngineEvent) -> PreviewedResource | None:
    """The resource of the provider whose step begins with this event."""
    step = event.resource_pre_event
    if step is None or not step.metadata.type.startswith("azure-native:"):
        return None
    return PreviewedResource(step.metadata.type, _name(step.metadata.urn))


def violation_of(event: EngineEvent) -> Violation | None:
    """What this event says of a policy."""
    said = event.policy_event
    if said is None:
        return None
    level = MANDATORY if said.enforcement_level == MANDATORY else ADVISORY
    if level == ADVISORY and said.message.startswith(_NOT_JUDGED.format(said.policy_name)):
        level = UNKNOWN
    return Violation(
        said.policy_pack_name, said.policy_name, level, _text(said.message), *_subject(said.resource_urn or "")
    )


def noted(packs: StagedPacks) -> tuple[tuple[Violation, ...], tuple[PackFailure, ...]]:
    """What the packs' own processes have noted."""
    remediations, failures = [], []
    for note in packs.notes():
        if note["kind"] == "served":
            continue
        if note["kind"] == "failure":
            failures.append(PackFailure(note["folder"], note["why"], note["file"], note["line"]))
        else:
            level, message = (UNKNOWN, note["unknown"]) if note["unknown"] else (REMEDIATE, note["description"])
            violation = Violation(note["pack"], note["policy"], level, _text(message), *_subject(note["urn"]))
            remediations.append(violation)
    return tuple(remediations), tuple(_first_of_each(failures))


def unnoted(packs: StagedPacks, said: str) -> PackFailure:
    """The failure of a pack that has noted none, by what Pulumi `said`. Where several packs may be meant, the folder is
    "": they are judged together."""
    silent = [folder for folder in packs.folders if not any(n["kind"] == "served" for n in packs.notes_in(folder))]
    meant = silent if len(silent) == 1 else packs.folders
    return PackFailure(packs.pack_in(meant[0]) if len(meant) == 1 else "", packs.in_words(said), "", 0)


_ENDS = (".", "!", "?", ":")


def _first_of_each(failures: list[PackFailure]) -> Iterator[PackFailure]:
    """The first failure of each pack: it is asked for many resources at once."""
    seen: set[str] = set()
    for failure in failures:
        if failure.folder not in seen:
            seen.add(failure.folder)
            yield failure


def _text(message: str) -> str:
    """A policy's description, which often is a sentence, and what it says of the resource, in one line."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join([*(line if line.endswith(_ENDS) else f"{line}:" for line in lines[:-1]), *lines[-1:]])


def _subject(urn: str) -> tuple[str, str]:
    """(type, name) of urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>, "" twice of the stack itself."""
    parts = urn.split("::")
    if len(parts) < 4:
        return "", ""
    kind = parts[2].rsplit("$", 1)[-1]
    return ("", "") if kind == _STACK else (kind, _name(urn))


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
