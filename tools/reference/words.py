"""The pages of keys, exit codes, variables and verbs, out of their entries."""

from __future__ import annotations

from collections.abc import Iterable

from tfinfra.cli.explaining.verbs import verb_entries
from tfinfra.reference.entry import Entry
from tfinfra.reference.exit_codes import exit_codes
from tfinfra.reference.keys import guardrail_keys, index_keys, manifest_keys, other_spellings, target_keys
from tfinfra.reference.variables import client_variables, task_variables
from tools.reference.markdown import block, items, page, paragraph, paragraphs, sentence


def manifest_page() -> str:
    intro = (
        "Every key of a manifest. Only `entry_script` is required. `null` means a key's default. Which keys do not go"
        " together, `tfinfra validate` says at their lines. `tfinfra explain KEY` prints what stands here."
    )
    others = items((f"`{entry.name}`", f"{entry.title}. {entry.text}".strip()) for entry in other_spellings())
    return page(
        "The manifest", intro, [*map(_key, manifest_keys()), "## Other spellings, and keys that are not taken", others]
    )


def targets_page() -> str:
    intro = (
        "Every key of a target: inline as `compute_target` of a manifest, or by name in `compute_targets.yaml`"
        " beside the manifest or in the user's configuration folder. `tfinfra init --targets` writes one."
    )
    whole = block("gpus:\n  cloud: azure\n  location: eastus\n  vm_size: Standard_NC4as_T4_v3", "yaml")
    indexes = "Aliases of package indexes, which locks name them by; the file lies in the user's configuration folder."
    more = ["## indexes.yaml", paragraph(indexes), *map(_key, index_keys())]
    return page("Compute targets", intro, [whole, *map(_key, target_keys()), *more])


def guardrails_page() -> str:
    intro = (
        "Every key of a guardrails file, which a platform team keeps outside of the manifests' repositories:"
        " `tfinfra explain allow.max_nodes` prints what stands here. A null is an error: who writes a key means it."
    )
    more = "See [guardrails](../guardrails.md) for which files hold, and when."
    return page("Guardrails", intro, [more, *map(_key, guardrail_keys())])


def exit_codes_page() -> str:
    intro = "What a command ends with. `exit_code` of the documents that `--json` prints is the same number."
    return page("Exit codes", intro, [f"## {one.name}: {one.title}\n\n{paragraph(one.text)}" for one in exit_codes()])


def variables_page() -> str:
    intro = "The environment variables that a script sees, and those that tfinfra reads where you start it."
    parts = [
        "## What a script sees",
        _variables(task_variables()),
        "## What tfinfra reads",
        _variables(client_variables()),
    ]
    return page("Environment variables", intro, parts)


def verbs_page() -> str:
    intro = "Every verb with what it takes. `tfinfra VERB --help` and `tfinfra explain VERB` print it, too."
    common = "All take `-q`, `-v` and `-h`; all but `completion` take `--json`, which prints one document on stdout."
    return page("Verbs", intro, [common, *map(_verb, verb_entries())])


def _key(entry: Entry) -> str:
    facts = items([("type", entry.type or ""), ("default", entry.default or ""), ("since", entry.since)])
    said = f"{sentence(entry.title)} {entry.text}".strip()
    return f"## `{entry.name}`\n\n{paragraphs(said)}\n\n{facts}\n\n{block(entry.example or '', 'yaml')}"


def _variables(entries: Iterable[Entry]) -> str:
    return items((f"`{entry.name}`", f"{entry.title}. {entry.text}") for entry in entries)


def _verb(entry: Entry) -> str:
    options = items((f"`{option.name}`", option.text) for option in entry.options if option.name not in _EVERYWHERE)
    parts = [f"## {entry.name}", block(entry.example or ""), paragraphs(entry.text), options]
    return "\n\n".join(part for part in parts if part)


_EVERYWHERE = ("-q, --quiet", "-v, --verbose", "--json")
