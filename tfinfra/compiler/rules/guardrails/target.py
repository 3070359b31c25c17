"""Guardrails on the target: its sizes, how they are bought, their image, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfinfra.catalog.images import HPC_IMAGE
from tfinfra.catalog.sizes import size
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach, of_target, target_path
from tfinfra.errors import Diagnostic
from tfinfra.guardrails.values import fits

DEFAULT_IMAGE = f"{HPC_IMAGE.publisher}:{HPC_IMAGE.offer}:{HPC_IMAGE.sku}:{HPC_IMAGE.version}"


def other_sizes(facts: Facts) -> Iterator[Diagnostic]:
    """Every size of a list counts: a run may get any of them."""
    written = facts.chosen.keys.vm_size if facts.chosen.keys else ()
    for file in facts.project.guardrails.files:
        for index, name in enumerate(written):
            known = size(name)
            if file.allow.vm_size and not fits(known.name if known else name, file.allow.vm_size):
                what = f"{of_target(facts, 'vm_size', index)} is {known.name if known else name}"
                held, path = file.at("allow", "vm_size"), target_path(facts, "vm_size", index)
                yield breach(facts, "TFI445", path, held, what=what, hint="take a size that one of the patterns fits")


def other_priorities(facts: Facts) -> Iterator[Diagnostic]:
    """How nodes are bought: dedicated where it is not written."""
    keys = facts.chosen.keys
    if keys is None or (keys.cloud == "local" and keys.vm_priority is None):
        return
    priority = keys.vm_priority or "dedicated"
    for file in facts.project.guardrails.files:
        if file.allow.vm_priority and priority not in file.allow.vm_priority:
            held, path = file.at("allow", "vm_priority"), target_path(facts, "vm_priority")
            what = f"{of_target(facts, 'vm_priority')} is {priority}{_by_default(keys.vm_priority)}"
            yield breach(facts, "TFI449", path, held, what=what, hint=f"write vm_priority: {file.allow.vm_priority[0]}")


def other_images(facts: Facts) -> Iterator[Diagnostic]:
    """tfinfra's own image, too, is one that has to be allowed."""
    keys = facts.chosen.keys
    if keys is None or (keys.cloud == "local" and keys.image is None):
        return
    image = keys.image or DEFAULT_IMAGE
    for file in facts.project.guardrails.files:
        if file.allow.image and not fits(image, file.allow.image):
            held, path = file.at("allow", "image"), target_path(facts, "image")
            what = f"{of_target(facts, 'image')} is {image}{_by_default(keys.image)}"
            yield breach(facts, "TFI450", path, held, what=what, hint="name an image that one of the patterns fits")


def target_of_its_own(facts: Facts) -> Iterator[Diagnostic]:
    """A target that the manifest, or its repository, writes itself. `local` names what is always there."""
    for file in facts.project.guardrails.files:
        written = None if file.allow.inline else _written_here(facts)
        if written is not None:
            key, what = written
            elsewhere = [d for d in facts.project.targets if d.file not in facts.project.repository_targets]
            names = ", ".join(dict.fromkeys(name for document in elsewhere for name in document.data))
            hint = f"name a target of your configuration folder{f': {names}' if names else ''}"
            yield breach(facts, "TFI451", (key,), file.at("allow", "inline"), what=what, hint=hint)


def _written_here(facts: Facts) -> tuple[str, str] | None:
    """(the key, what it is) where the manifest or its repository has the target; None for a target of others."""
    chosen = facts.chosen
    if chosen.document.file in facts.project.repository_targets and chosen.document is not facts.document:
        position = chosen.document.key(chosen.path)
        place = f"{position.file}:{position.line}" if position else chosen.document.file
        return "compute_target", f"target '{chosen.name}' is of the manifest's repository ({place})"
    if chosen.path == () and chosen.keys is not None:
        return "vm_size", "vm_size at the top level makes a target of its own"
    is_written = chosen.keys is not None and facts.project.target is None
    if is_written and isinstance(facts.document.data.get("compute_target"), Mapping):
        return "compute_target", "compute_target is written out"
    return None


def _by_default(written: object) -> str:
    return " by default" if written is None else ""


RULES: tuple[Rule, ...] = (other_sizes, other_priorities, other_images, target_of_its_own)
